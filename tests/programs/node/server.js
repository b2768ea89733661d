// An HTTP server with keep-alive clients, chunked bodies, an event stream, timeouts; https beside it.
const http = require('http'), https = require('https'), crypto = require('crypto'), fs = require('fs');
const { execFileSync } = require('child_process');

const server = http.createServer((request, response) => {
    if (request.url === '/chunks') {
        let i = 0;
        const timer = setInterval(() => { response.write(`chunk ${i}\n`); if (++i === 5) { clearInterval(timer); response.end(); } }, 5);
        return;
    }
    const hash = crypto.createHash('sha256');
    request.on('data', data => hash.update(data));
    request.on('end', () => response.end(JSON.stringify({ url: request.url, hash: hash.digest('hex') })));
});
const ask = (agent, module, options, body) => new Promise((resolve, reject) => {
    const request = module.request({ host: '127.0.0.1', agent, method: body ? 'POST' : 'GET', ...options }, response => {
        let text = '';
        response.on('data', data => text += data).on('end', () => resolve(text));
    });
    request.on('error', reject).end(body);
});

async function main() {
    await new Promise(done => server.listen(0, '127.0.0.1', done));
    const port = server.address().port, agent = new http.Agent({ keepAlive: true, maxSockets: 8 });
    const answers = await Promise.all(Array.from({ length: 200 }, (_, i) => ask(agent, http, { port, path: '/' + i }, 'x'.repeat(i * 500))));
    const right = answers.every((text, i) => JSON.parse(text).hash === crypto.createHash('sha256').update('x'.repeat(i * 500)).digest('hex'));
    console.log('answers', answers.length, right, 'sockets', Object.values(agent.freeSockets)[0].length <= 8);
    console.log(await ask(agent, http, { port, path: '/chunks' }));
    console.log((await fetch(`http://127.0.0.1:${port}/fetched`).then(r => r.json())).url);
    agent.destroy();
    await ask(undefined, http, { port: 1 }).catch(error => console.log(error.code));
    server.closeAllConnections?.();
    await new Promise(done => server.close(done));

    execFileSync('openssl', ['req', '-x509', '-newkey', 'rsa:2048', '-nodes', '-keyout', 'key', '-out', 'cert', '-days', '2', '-subj', '/CN=localhost'], { stdio: 'ignore' });
    const secure = https.createServer({ key: fs.readFileSync('key'), cert: fs.readFileSync('cert') }, (request, response) => response.end('secure ' + request.url));
    await new Promise(done => secure.listen(0, '127.0.0.1', done));
    const pool = new https.Agent({ keepAlive: true, ca: fs.readFileSync('cert') });
    const more = await Promise.all(Array.from({ length: 20 }, (_, i) => ask(pool, https, { port: secure.address().port, path: '/' + i, servername: 'localhost' })));
    console.log(more.join());
    pool.destroy();
    secure.close();
}
main().catch(error => { console.error(error); process.exit(1); });
