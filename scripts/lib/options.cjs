// Reads option structs out of C++ headers: their members in order, with type and default. Knows as much C++ as our headers
// use (tests/layers/check_docs.test.mjs says what), and throws on what it does not understand rather than guess.
'use strict';
const fs = require('node:fs');
const path = require('node:path');

/** The headers of `modules` below `src`: [{module, text}], comments and strings' content left alone but comments gone. */
function readHeaders(src, modules) {
  return modules.flatMap((module) => fs.readdirSync(path.join(src, module))
    .filter((name) => name.endsWith('.h'))
    .map((name) => ({ module, text: fs.readFileSync(path.join(src, module, name), 'utf8').replace(/\/\/.*$/gm, '') })));
}

/** What stands between the brace at `open` and its partner. */
function bodyAt(text, open) {
  let depth = 0;
  for (let i = open; i < text.length; i += 1) {
    if (text[i] === '{') depth += 1;
    if (text[i] === '}' && (depth -= 1) === 0) return text.slice(open + 1, i);
  }
  throw new Error('a brace without its partner');
}

/** Every struct that is defined in the headers, by its name with module and outer class: "http::RequestParser::Limits". */
function findStructs(headers) {
  const structs = new Map();
  const walk = (text, prefix, module) => {
    for (const match of text.matchAll(/\b(struct|class)\s+(\w+)[^;{}()<>]*\{/g)) {
      if (/\benum\s+$/.test(text.slice(0, match.index))) continue;
      const body = bodyAt(text, match.index + match[0].length - 1);
      const name = `${prefix}::${match[2]}`;
      if (match[1] === 'struct') structs.set(name, { body, module });
      if (/\b(struct|class)\b/.test(body)) walk(body, name, module);
    }
  };
  for (const { module, text } of headers) walk(text, module, module);
  return structs;
}

/** Splits at semicolons that stand in no bracket, and behind the bodies of functions and nested types. */
function statements(body) {
  const found = [];
  let depth = 0;
  let start = 0;
  for (let i = 0; i < body.length; i += 1) {
    if ('{('.includes(body[i])) depth += 1;
    if ('})'.includes(body[i])) depth -= 1;
    const endsFunction = body[i] === '}' && depth === 0 && /\)\s*(const)?\s*\{/.test(body.slice(start, i));
    if (depth === 0 && (body[i] === ';' || endsFunction)) {
      found.push(body.slice(start, i + 1).replace(/;$/, '').trim());
      start = i + 1;
    }
  }
  return found.filter(Boolean);
}

/** {name, type, value} of one data member, or nothing for a function, a nested type or a constant. */
function member(statement) {
  if (/^(enum|struct|class|using|friend|static|template|explicit|public:|private:)\b/.test(statement)) return undefined;
  // The declarator ends where the initialiser begins; template arguments may hold parentheses.
  let angle = 0;
  let end = statement.length;
  for (let i = 0; i < statement.length; i += 1) {
    if (statement[i] === '<') angle += 1;
    if (statement[i] === '>') angle -= 1;
    if (angle === 0 && '={('.includes(statement[i])) { end = i; break; }
  }
  if (statement[end] === '(') return undefined;
  const declaration = /^([\s\S]*?)\s*\b(\w+)\s*$/.exec(statement.slice(0, end));
  if (!declaration) throw new Error(`cannot read the member "${statement}"`);
  const rest = statement.slice(end).trim();
  const value = rest.startsWith('=') ? rest.slice(1).trim() : rest.replace(/^\{|\}$/g, '').trim();
  return { name: declaration[2], type: declaration[1].replace(/\s+/g, ' ').trim(), value };
}

/** The option structs that `roots` hold, themselves included: Map of name to members. */
function optionStructs(src, modules, roots) {
  const structs = findStructs(readHeaders(src, modules));
  const result = new Map();
  const visit = (name) => {
    if (result.has(name)) return;
    const { body, module } = structs.get(name);
    const members = statements(body).map(member).filter(Boolean);
    result.set(name, members);
    for (const { type } of members) {
      const named = /\b((?:\w+::)*\w*(?:Options|Limits))\b/.exec(type)?.[1];
      if (!named) continue;
      const full = [named, `${module}::${named}`].find((candidate) => structs.has(candidate));
      if (!full) throw new Error(`${name}: there is no struct ${named}`);
      visit(full);
    }
  };
  for (const root of roots) {
    if (!structs.has(root)) throw new Error(`there is no struct ${root}`);
    visit(root);
  }
  return result;
}

const UNITS = { ms: 1, s: 1000, min: 60_000, h: 3_600_000 };

/** Whether a table's cell says the same as the initialiser. What cannot be compared (nested structs, objects) is accepted. */
function sameDefault({ type, value }, cell) {
  const plain = cell.replaceAll('`', '').trim();
  const is = (pattern) => pattern.test(type);
  const number = /^[\d'.e*\s]+u?$/.test(value) ? Function(`return ${value.replaceAll("'", '').replace(/u$/, '')}`)() : undefined;
  if (is(/^(Milliseconds|std::chrono::\w+)$/)) {
    const said = /^([\d,.]+) (ms|s|min|h)$/.exec(plain);
    const scale = { Milliseconds: 1, 'std::chrono::seconds': 1000, 'std::chrono::minutes': 60_000 }[type];
    if (said === null || scale === undefined) return false;
    return Number(said[1].replaceAll(',', '')) * UNITS[said[2]] === (number ?? 0) * scale;
  }
  if (number !== undefined) return plain !== '' && Number(plain.replaceAll(',', '')) === number;
  if (value === 'true' || value === 'false') return plain === value;
  if (/^\w+::k\w+$/.test(value)) return plain === value.split('::').at(-1);
  if (is(/^std::string$/)) return plain === (value === '' || value === '""' ? 'empty' : value);
  if (value === 'nullptr' || is(/^std::(function|optional|shared_ptr)</)) return plain === 'none';
  return true;
}

module.exports = { optionStructs, sameDefault };
