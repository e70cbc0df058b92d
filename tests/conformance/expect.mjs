// How the scripts of this folder say what holds: one line each, and an end with 1 at the first that does not.
export function expect(what, holds, seen) {
  if (!holds) {
    console.error(`${what}: FAILED: ${JSON.stringify(seen)}`);
    process.exit(1);
  }
  console.log(`${what}: ok`);
}

// The arguments of the command line, or how to call the script.
export function given(...names) {
  const values = process.argv.slice(2);
  if (values.length !== names.length) {
    console.error(`usage: node ${process.argv[1]} ${names.join(' ')}`);
    process.exit(2);
  }
  return values;
}

// Asks again until the answer is there: a demonstration finds its first findings a moment after it listens.
export async function eventually(what, ask) {
  const end = Date.now() + 60_000;
  while (Date.now() < end) {
    const answer = await ask();
    if (answer) return answer;
    await new Promise((resolve) => setTimeout(resolve, 250));
  }
  console.error(`${what}: not within a minute`);
  process.exit(1);
}

// A request without a library in between.
export function post(url, token, body) {
  const headers = { 'content-type': 'application/json', accept: 'application/graphql-response+json' };
  if (token) headers.authorization = `Bearer ${token}`;
  return fetch(url, { method: 'POST', headers, body: typeof body === 'string' ? body : JSON.stringify(body) });
}
