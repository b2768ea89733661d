// Worker threads, SharedArrayBuffer with Atomics, child processes of each kind, signals, cluster.
const { Worker, isMainThread, parentPort, workerData, threadId } = require('worker_threads');
const child = require('child_process'), cluster = require('cluster'), http = require('http');

if (!isMainThread) {
    const cells = new Int32Array(workerData.shared);
    for (let i = 0; i < 20000; i++) Atomics.add(cells, 0, 1);
    if (workerData.wait) { Atomics.store(cells, 1, 1); Atomics.notify(cells, 1); }
    let x = 0;
    for (let i = 0; i < 3e6; i++) x = (x * 31 + i) | 0;
    parentPort.postMessage({ x });
} else if (process.argv[2] === 'forked') {
    process.on('message', message => { if (message === 'stop') process.disconnect(); else process.send({ doubled: message.number * 2, text: message.text }); });
} else if (cluster.isWorker) {
    http.createServer((request, response) => response.end('from a worker')).listen(0, '127.0.0.1', function () { process.send(this.address().port); });
} else {
    main().then(() => console.log('end'), error => { console.error(error); process.exit(1); });
}

const exit = process => new Promise(resolve => process.on('exit', (code, signal) => resolve(code ?? signal)));

async function main() {
    const shared = new SharedArrayBuffer(64), cells = new Int32Array(shared);
    const workers = Array.from({ length: 4 }, (_, i) => new Worker(__filename, { workerData: { shared, wait: i === 0 } }));
    console.log('atomics', Atomics.wait(cells, 1, 0, 60000));
    const results = await Promise.all(workers.map(worker => new Promise((resolve, reject) => worker.on('message', resolve).on('error', reject))));
    console.log('workers', results.map(r => r.x).join(), cells[0]);

    const cat = child.spawn('/bin/cat');
    let size = 0;
    cat.stdout.on('data', data => size += data.length);
    cat.stdin.end(Buffer.alloc(500000));
    console.log('spawn', await exit(cat), size);
    console.log('exec', await new Promise(resolve => child.exec('echo out; echo err >&2; exit 3', (error, out, err) => resolve([error.code, out, err]))));
    console.log('spawnSync', child.spawnSync('sort', { input: 'b\na\n' }).stdout.toString());
    console.log('missing', await new Promise(resolve => child.spawn('/does/not/exist').on('error', error => resolve(error.code))));
    const sleeper = child.spawn('sleep', ['30']);
    sleeper.kill();
    console.log('killed', await exit(sleeper));
    const forked = child.fork(__filename, ['forked']);
    const reply = message => new Promise(resolve => { forked.once('message', resolve); forked.send(message); });
    for (let i = 0; i < 20; i++) {
        const { doubled, text } = await reply({ number: i, text: 'x'.repeat(i * 10000) });
        if (doubled !== 2 * i || text.length !== i * 10000) throw new Error('reply ' + i);
    }
    forked.send('stop');
    console.log('fork', await exit(forked));
    process.once('SIGUSR2', () => console.log('SIGUSR2'));
    process.kill(process.pid, 'SIGUSR2');
    await new Promise(resolve => setTimeout(resolve, 100));

    const worker = cluster.fork();
    const port = await new Promise(resolve => worker.on('message', resolve));
    const body = await new Promise((resolve, reject) => http.get({ host: '127.0.0.1', port, agent: false }, response => response.on('data', data => resolve(data.toString()))).on('error', reject));
    console.log('cluster', body);
    worker.process.kill();
    await exit(worker.process);
}
