// A certified provider of OpenID Connect (oidc-provider) on loopback: node openid-provider.mjs REDIRECT_URI.
// Prints its issuer in the first line. Whoever signs in as NAME has the address NAME@example.com.
import { createServer } from 'node:http';
import Provider from 'oidc-provider';

const [redirect] = process.argv.slice(2);
if (!redirect) {
  console.error('usage: node openid-provider.mjs REDIRECT_URI');
  process.exit(2);
}
const server = createServer();
server.listen(0, '127.0.0.1', () => {
  const issuer = `http://127.0.0.1:${server.address().port}`;
  const provider = new Provider(issuer, {
    clients: [{ client_id: 'iotmonitor', client_secret: 'a secret: with & signs', redirect_uris: [redirect] }],
    claims: { openid: ['sub'], email: ['email', 'email_verified'], profile: ['name'] },
    cookies: { keys: ['for tests'] },
    findAccount: (_, id) => ({
      accountId: id,
      claims: () => ({ sub: id, email: `${id}@example.com`, email_verified: id !== 'mallory', name: `The ${id}` }),
    }),
  });
  server.on('request', provider.callback());
  console.log(issuer);
});
// Ends with whoever started it.
process.stdin.on('end', () => process.exit(0)).resume();
