// Holds the SDL against the Relay rules of @graphql-eslint: connections, edges, page information, arguments; and against
// what every schema should keep: descriptions, one name for one thing, reasons for what is deprecated.
import { readFileSync } from 'node:fs';
import graphql from '@graphql-eslint/eslint-plugin';
import { ESLint } from 'eslint';
import { given } from './expect.mjs';

const [path] = given('SDL');
const text = readFileSync(path, 'utf8');
const rules = {
  ...graphql.configs['flat/schema-relay'].rules,
  // Forward alone is enough for lists that nobody reads from their end.
  '@graphql-eslint/relay-arguments': ['error', { includeBoth: false }],
  // `nodes` beside `edges` is in the contract, and facts of the world (vulnerabilities, hosts) have a key and no global id.
  '@graphql-eslint/relay-edge-types': ['error', { withEdgeSuffix: true, shouldImplementNode: false, listTypeCanWrapOnlyEdgeType: false }],
  '@graphql-eslint/require-description': ['error', { types: true, FieldDefinition: true, InputValueDefinition: true }],
  '@graphql-eslint/require-deprecation-reason': 'error',
  '@graphql-eslint/unique-type-names': 'error',
  '@graphql-eslint/unique-field-definition-names': 'error',
  '@graphql-eslint/unique-enum-value-names': 'error',
  '@graphql-eslint/no-hashtag-description': 'error',
};
const eslint = new ESLint({
  overrideConfigFile: true,
  overrideConfig: {
    files: ['**/*.graphql'],
    plugins: { '@graphql-eslint': graphql },
    languageOptions: { parser: graphql.parser, parserOptions: { graphQLConfig: { schema: path } } },
    rules,
  },
});
// These say it with their names: the argument `input`, a connection, whose parts are described, and the directives of
// the specification.
const SPEAK_FOR_THEMSELVES = /^Description is required for (input value "input" in field|type "\w+Connection"|input value "if" in directive)/;
const [result] = await eslint.lintText(text, { filePath: 'schema.graphql' });
const messages = result.messages.filter(({ message }) => !SPEAK_FOR_THEMSELVES.test(message));
for (const { line, message, ruleId } of messages) console.log(`${path}:${line}: ${message} (${ruleId})`);
console.log(`${Object.keys(rules).length} rules, ${messages.length} faults`);
process.exit(messages.length === 0 ? 0 : 1);
