// Would a client of the last release notice? graphql-js compares the SDL of then with that of now.
import { readFileSync } from 'node:fs';
import { buildSchema, findBreakingChanges, findDangerousChanges } from 'graphql';
import { given } from './expect.mjs';

const [then, now] = given('RELEASED', 'SDL').map((path) => buildSchema(readFileSync(path, 'utf8')));
for (const { type, description } of findDangerousChanges(then, now)) console.log(`worth a look: ${type}: ${description}`);
const breaking = findBreakingChanges(then, now);
for (const { type, description } of breaking) console.error(`breaks clients: ${type}: ${description}`);
console.log(`${breaking.length} breaking changes since the last release`);
process.exit(breaking.length === 0 ? 0 : 1);
