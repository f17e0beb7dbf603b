// Usage: node client.js URL SCENARIO. Does one thing with Node's `ws` and prints what came of it, as JSON.
'use strict';

const { createRequire } = require('module');
const path = require('path');

// The package lies where the set-up installs it, not beside this file.
const WebSocket = createRequire(path.join(process.env.WS_PACKAGE, 'x.js'))('ws');

const [url, scenario] = process.argv.slice(2);
const events = [];

function done() {
  console.log(JSON.stringify(events));
  process.exit(0);
}

function open(protocols) {
  const ws = new WebSocket(url, protocols, { perMessageDeflate: true });
  ws.on('message', (data, binary) => events.push([binary ? 'binary' : 'text', data.toString('latin1')]));
  ws.on('pong', (data) => events.push(['pong', data.toString()]));
  ws.on('ping', (data) => events.push(['ping', data.toString()]));
  ws.on('unexpected-response', (request, response) => {
    events.push(['refused', response.statusCode]);
    done();
  });
  ws.on('error', (error) => events.push(['error', error.code || error.message]));
  ws.on('close', (code, reason) => {
    events.push(['close', code, reason.toString()]);
    done();
  });
  ws.on('open', () => events.push(['open', ws.protocol, ws.extensions]));
  return ws;
}

const scenarios = {
  echo() {
    const ws = open();
    ws.on('open', () => {
      ws.send('text');
      ws.send(Buffer.from([0, 255]));
      ws.send('');
    });
    ws.on('message', () => events.length === 4 && ws.close(1000));
  },
  fragmentation() {
    const ws = open();
    ws.on('open', () => {
      ws.send('Hel', { fin: false });
      ws.ping('between');
      ws.send('', { fin: false });
      ws.send('lo', { fin: true });
    });
    ws.on('message', () => ws.close(1000));
  },
  ping() {
    const ws = open();
    ws.on('open', () => ws.ping('x'.repeat(125)));
    ws.on('pong', () => ws.close(1000));
  },
  close() {
    const ws = open();
    ws.on('open', () => ws.close(4321, 'reason'));
  },
  'sub-protocol'() {
    const ws = open(['unknown', 'echo']);
    ws.on('open', () => ws.close(1000));
  },
  refusal() {
    open(['unknown']);
  },
  'over-limit'() {
    const ws = open();
    ws.on('open', () => ws.send(Buffer.alloc(4097)));
  },
  thousand() {
    const ws = open();
    let count = 0;
    ws.removeAllListeners('message');
    ws.on('open', () => {
      for (let number = 0; number < 1000; number++) ws.send(`message ${number}`);
    });
    ws.on('message', (data) => {
      if (data.toString() !== `message ${count}`) events.push(['wrong', count, data.toString()]);
      if (++count < 1000) return;
      events.push(['echoed', count]);
      ws.close(1000);
    });
  },
  sample() {
    const ws = open(['first', 'my_ws_protocol']);
    ws.on('open', () => ws.ping('are you there'));
    ws.on('pong', () => ws.close(1000));
  },
  'masked-server'() {
    const ws = open(['masked-echo']);
    ws.on('open', () => ws.send('mask this'));
  },
};

scenarios[scenario]();
