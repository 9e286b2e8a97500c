// src/proto/*.proto, as far as they travel: every field has the number and the wire type of the field of the same name in the pinned package's
// schema, and every value of an enum its number.
import assert from 'node:assert/strict';
import { readdirSync, readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import path from 'node:path';
import { test } from 'node:test';

const root = new URL('../../', import.meta.url).pathname;
const protobuf = createRequire(import.meta.url)('protobufjs');
const parse = (file) => protobuf.parse(readFileSync(file, 'utf8'), { keepCase: true }).root;

// Ours where the names differ.
const RENAMED = {
  static_key: 'static',
  locale_language: 'localeLanguageIso6391',
  locale_country: 'localeCountryIso31661Alpha2',
  iv: 'IV',
  SignalSenderKeyDistributionMessage: 'SenderKeyDistributionMessage',
};
// Records of our own, which no other program reads.
const OURS = ['credentials.proto'];
const plain = (name) => (RENAMED[name] ?? name).replaceAll('_', '').toLowerCase();
const last = (type) => plain(type.split('.').at(-1));

test('the schemas have the numbers and types of the pinned package', () => {
  const theirs = parse(path.join(root, 'tests/node_modules/baileys/WAProto/WAProto.proto')).lookup('proto');
  let fields = 0;
  const compare = (ours, other, where) => {
    assert.ok(other, `${where} is not in the package's schema`);
    if (ours instanceof protobuf.Enum) {
      for (const [name, number] of Object.entries(ours.values)) assert.equal(other.values[name], number, `${where}.${name}`);
      return;
    }
    for (const field of Object.values(ours.fields ?? {})) {
      const name = `${where}.${field.name}`;
      const same = Object.values(other.fields).find((candidate) => plain(candidate.name) === plain(field.name));
      assert.ok(same, `${name} is not in the package's schema`);
      assert.equal(field.id, same.id, name);
      assert.equal(last(field.type), last(same.type), name);
      assert.equal(field.repeated, same.repeated, name);
      fields += 1;
    }
    for (const child of ours.nestedArray) compare(child, other.nested?.[RENAMED[child.name] ?? child.name], `${where}.${child.name}`);
  };
  for (const file of readdirSync(path.join(root, 'src/proto')).filter((name) => name.endsWith('.proto') && !OURS.includes(name))) {
    for (const message of parse(path.join(root, 'src/proto', file)).lookup('patchbay.proto').nestedArray) {
      compare(message, theirs.nested[RENAMED[message.name] ?? message.name], message.name);
    }
  }
  assert.ok(fields > 100, `only ${fields} fields were compared`);
});
