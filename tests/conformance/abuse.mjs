// What somebody sends who wants the server to fall over: abuse.mjs URL TOKEN PID. Each attack has to be answered with an
// error that has a code, or with a status that says no, within SOON; in between the server answers honest questions; the
// same attacks again and again take no more memory.
import { readFileSync } from 'node:fs';
import { connect } from 'node:net';
import { expect, given, post } from './expect.mjs';

const [url, token, pid] = given('URL', 'TOKEN', 'PID');
// What takes milliseconds, with room for a machine that is busy with something else.
const SOON = 10_000;
const ROUNDS = 5;
// What a round may leave behind, in MiB: buffers of an allocator, not the attack's own megabytes.
const LEFT_BEHIND = 48;

const nested = (depth, open, close, inside = '1') => open.repeat(depth) + inside + close.repeat(depth);
const times = (count, text) => Array.from({ length: count }, (_, n) => text(n)).join(' ');
const doubling = (levels) =>
  times(levels, (n) => `fragment f${n} on Query { ...f${n + 1} ...f${n + 1} }`) + ` fragment f${levels} on Query { viewer { role } }`;
const query = (text, variables) => ({ query: text, variables });

const attacks = {
  'a list in a list, 5 000 deep': query(`{ nodes(ids: ${nested(5_000, '[', ']')}) { id } }`),
  'an object in an object, 5 000 deep': query(`{ findings(filter: ${nested(5_000, '{text:', '}')}) { totalCount } }`),
  'selections 3 000 deep': query(nested(3_000, '{ a ', '}', '')),
  'a default value 5 000 deep': query(`query($a: Json = ${nested(5_000, '[', ']')}) { viewer { role } }`),
  'a type 5 000 deep': query(`query($a: ${nested(5_000, '[', ']', 'Int')}) { viewer { role } }`),
  'brackets behind a string that seems open': query(`{ node(id: [ """x" ${nested(5_000, '[', ']')} ]) { id } }`),
  'fragments that double, 28 times': query(`{ ...f0 } ${doubling(28)}`),
  'fragments that double and that nobody uses': query(`{ viewer { role } } ${doubling(28)}`),
  'fragments in a circle': query('{ ...a } fragment a on Query { ...b } fragment b on Query { ...a }'),
  '1 500 fragments that nobody uses': query(`{ viewer { role } } ${times(1_500, (n) => `fragment u${n} on Query { viewer { role } }`)}`),
  '1 000 aliases': query(`{ ${times(1_000, (n) => `a${n}: viewer { role }`)} }`),
  '100 logins in one request': query(
    `mutation { ${times(100, (n) => `l${n}: login(input: { email: "a@b.example", password: "guess number ${n}" }) { token }`)} }`,
  ),
  '5 000 directives': query(`{ viewer ${times(5_000, () => '@skip(if: true)')} { role } }`),
  '500 operations': query(times(500, (n) => `query q${n} { viewer { role } }`)),
  'pages of pages of pages': query(
    `{ assets(first: 100) { nodes { findings(first: 100) { nodes { history(first: 100) { nodes { id } } } } } } }`,
  ),
  'the schema in circles': query(`{ __schema { types { fields { type { fields { type { fields { name } } } } } } } }`),
  'variables 20 000 deep': `{"query":"{ viewer { role } }","variables":{"a":${nested(20_000, '[', ']')}}}`,
  'a list of 200 000 variables': query('query($ids: [ID!]!) { nodes(ids: $ids) { id } }', {
    ids: Array.from({ length: 200_000 }, (_, n) => `asset_${n}`),
  }),
  'one variable of 4 MiB': query('query($t: String) { findings(filter: { text: $t }) { totalCount } }', { t: 'x'.repeat(4 << 20) }),
  'a body of 6 MiB': query('{ viewer { role } }', { a: 'x'.repeat(6 << 20) }),
  'a document of 1 MiB': query(`{ viewer { role } } ${'#'.repeat(1 << 20)}`),
  'a batch of 1 000': JSON.stringify(Array.from({ length: 1_000 }, () => query('{ viewer { role } }'))),
  'a number beyond numbers': '{"query":"query($n: Int) { findings(first: $n) { totalCount } }","variables":{"n":1e999}}',
  'not JSON': '{"query": ',
  'not UTF-8': Buffer.from([0x7b, 0x22, 0xff, 0xfe, 0x22, 0x7d]),
};

function memory() {
  const pages = Number(readFileSync(`/proc/${pid}/statm`, 'utf8').split(' ')[1]);
  return (pages * 4096) / (1 << 20);
}

// Refused with a code; `null` if it was not, and how long it took.
async function attack(body) {
  const began = Date.now();
  const headers = { 'content-type': 'application/json', authorization: `Bearer ${token}` };
  const text = typeof body === 'string' || Buffer.isBuffer(body) ? body : JSON.stringify(body);
  try {
    const answer = await fetch(url, { method: 'POST', headers, body: text, signal: AbortSignal.timeout(60_000) });
    const told = await answer.json();
    return { refused: told.errors?.length > 0 && told.errors.every((e) => e.extensions?.code), took: Date.now() - began, told };
  } catch (error) {
    // A server that refuses a body from its length may close before all of it is sent.
    return { refused: error.cause?.code === 'EPIPE' || error.cause?.code === 'ECONNRESET', took: Date.now() - began, told: `${error}` };
  }
}

async function honest(when) {
  const answer = await post(url, token, query('{ viewer { role } }'));
  expect(`an honest question ${when} is answered`, (await answer.json()).data?.viewer.role, answer.status);
}

// A connection on which this is sent and then nothing: how the server ends it.
function dawdle(text) {
  return new Promise((resolve) => {
    const { hostname, port } = new URL(url);
    const socket = connect(Number(port), hostname, () => socket.write(text));
    let seen = '';
    const late = setTimeout(() => socket.destroy(new Error('the server waits for ever')), 60_000);
    socket.on('data', (data) => (seen += data));
    socket.on('error', (error) => (seen += error.message));
    socket.on('close', () => {
      clearTimeout(late);
      resolve(seen);
    });
  });
}

async function round(tell) {
  let slowest = 0;
  for (const [name, body] of Object.entries(attacks)) {
    const { refused, took, told } = await attack(body);
    slowest = Math.max(slowest, took);
    if (tell || !refused || took > SOON) expect(name, refused && took < SOON, { took, told });
  }
  return slowest;
}

await honest('before');
const head = 'POST /graphql HTTP/1.1\r\nhost: x\r\nconnection: close\r\ncontent-type: application/json\r\n';
const slow = Promise.all([
  ...Array.from({ length: 50 }, () => dawdle(`${head}content-length: 1000\r\n\r\n{"query":`)),
  ...Array.from({ length: 50 }, () => dawdle(head)),
]);
let slowest = await round(true);
await honest('in between');
const before = memory();
for (let n = 1; n < ROUNDS; n += 1) slowest = Math.max(slowest, await round(false));
const grown = memory() - before;
expect('memory stays as it was', grown < LEFT_BEHIND, `${grown} MiB more`);
await honest('while others dawdle');
const ends = await slow;
expect('who sends half a request is not waited for', ends.every((end) => !end.includes('for ever')), ends);
await honest('after');
console.log(`${Object.keys(attacks).length} attacks ${ROUNDS} times, slowest ${slowest} ms, memory ${grown.toFixed(1)} MiB`);
