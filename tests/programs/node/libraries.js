// fs promises and streams, watching, crypto, zlib, timers, a heap under load, WebAssembly, child modules.
const fs = require('fs'), { promises } = fs, crypto = require('crypto'), zlib = require('zlib'), os = require('os'), path = require('path');
const { promisify } = require('util'), { pipeline } = require('stream/promises'), net = require('net'), dgram = require('dgram');

async function main() {
    await promises.mkdir('a/b/c', { recursive: true });
    await Promise.all(Array.from({ length: 100 }, (_, i) => promises.writeFile(`a/b/c/${i}`, 'y'.repeat(i))));
    const sizes = await Promise.all((await promises.readdir('a/b/c')).map(async name => (await promises.stat(`a/b/c/${name}`)).size));
    console.log('files', sizes.length, sizes.reduce((a, b) => a + b));
    await promises.rename('a/b/c/1', 'a/one'); await promises.copyFile('a/one', 'a/two'); await promises.symlink('two', 'a/link');
    console.log(await promises.readlink('a/link'), (await promises.lstat('a/link')).isSymbolicLink(), await promises.realpath('a/link') === path.resolve('a/two'));
    await promises.appendFile('a/two', 'more'); await promises.truncate('a/two', 3); console.log(await promises.readFile('a/two', 'utf8'));
    const handle = await promises.open('a/two', 'r+'); await handle.write('Z', 1); await handle.sync(); await handle.close();
    console.log(fs.readFileSync('a/two', 'utf8'), await promises.access('nowhere').catch(error => error.code));
    await promises.rm('a/b', { recursive: true }); console.log(fs.existsSync('a/b'));
    const seen = new Promise(resolve => { const watcher = fs.watch('a', (_, name) => { if (name === 'new') { watcher.close(); resolve(name); } }); });
    setTimeout(() => fs.writeFileSync('a/new', ''), 20);
    console.log('watched', await seen);
    const data = crypto.randomBytes(1 << 20);
    fs.writeFileSync('big', data);
    await pipeline(fs.createReadStream('big'), zlib.createGzip(), zlib.createGunzip(), fs.createWriteStream('copy'));
    console.log('stream', fs.readFileSync('copy').equals(data));
    console.log('zlib', (await promisify(zlib.inflate)(await promisify(zlib.deflate)(data))).equals(data), (await promisify(zlib.brotliDecompress)(await promisify(zlib.brotliCompress)(Buffer.alloc(10000)))).length);

    const key = crypto.randomBytes(32), nonce = crypto.randomBytes(12), cipher = crypto.createCipheriv('aes-256-gcm', key, nonce);
    const sealed = Buffer.concat([cipher.update(data), cipher.final()]), opener = crypto.createDecipheriv('aes-256-gcm', key, nonce).setAuthTag(cipher.getAuthTag());
    console.log('gcm', Buffer.concat([opener.update(sealed), opener.final()]).equals(data));
    const derived = await Promise.all(Array.from({ length: 8 }, (_, i) => promisify(crypto.pbkdf2)('password', 'salt' + i, 2000, 16, 'sha512')));
    console.log('pbkdf2', derived.map(d => d.toString('hex').slice(0, 8)).join());
    const { publicKey, privateKey } = await promisify(crypto.generateKeyPair)('ed25519');
    console.log('ed25519', crypto.verify(null, data, publicKey, crypto.sign(null, data, privateKey)), (await promisify(crypto.scrypt)('a', 'b', 16)).toString('hex'));

    let kept = [];
    for (let i = 0; i < 300000; i++) { kept.push({ i, text: 'object ' + i }); if (kept.length > 50000) kept = kept.slice(25000); }
    console.log('heap', kept.length, kept.at(-1).text);
    let order = '';
    await new Promise(resolve => { setTimeout(() => { order += 't'; resolve(); }, 30); setImmediate(() => order += 'i'); process.nextTick(() => order += 'n'); Promise.resolve().then(() => order += 'p'); });
    console.log('order', order);
    const wasm = Uint8Array.from([0, 97, 115, 109, 1, 0, 0, 0, 1, 7, 1, 96, 2, 127, 127, 1, 127, 3, 2, 1, 0, 7, 7, 1, 3, 97, 100, 100, 0, 0, 10, 9, 1, 7, 0, 32, 0, 32, 1, 106, 11]);
    console.log('wasm', (await WebAssembly.instantiate(wasm)).instance.exports.add(40, 2));
    const deep = n => n === 0 ? 0 : 1 + deep(n - 1);
    try { deep(1e7); } catch (error) { console.log(error instanceof RangeError); }

    const server = net.createServer(socket => socket.pipe(socket)).listen('echo.socket');
    const client = net.connect('echo.socket'); client.end('over a unix socket');
    console.log(await new Promise(resolve => client.on('data', text => resolve(text.toString())))); server.close();
    const udp = dgram.createSocket('udp4'); await new Promise(resolve => udp.bind(0, '127.0.0.1', resolve)); udp.send('datagram', udp.address().port);
    console.log(await new Promise(resolve => udp.on('message', text => { udp.close(); resolve(text.toString()); })));
    console.log(os.cpus().length > 0, os.totalmem() > 0, process.memoryUsage().rss > 0, process.uptime() > 0, (await require('dns').promises.lookup('localhost')).address.length > 2);
    console.log(await import('node:url').then(url => url.pathToFileURL('/x').href));
    new (require('worker_threads').Worker)('throw new Error("in a worker")', { eval: true }).on('error', error => { console.log(error.message); process.exitCode = 3; });
}
main().catch(error => { console.error(error); process.exit(1); });
