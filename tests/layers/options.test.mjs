// scripts/check-docs compares docs/socketio.md with the option structs in the headers: this is how it reads them.
import assert from 'node:assert/strict';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { test } from 'node:test';

const { optionStructs, sameDefault } = createRequire(import.meta.url)('../../scripts/lib/options.cjs');

const headers = {
  'net/listener.h': `
    struct StreamLimits { size_t max_bytes = 16 * 1024; };  // a comment; with "= {" in it
    struct ListenOptions {
      std::string host = "127.0.0.1";
      StreamLimits stream;
    };`,
  'http/server.h': `
    class Parser {
     public:
      struct Limits { size_t max_headers = 100; };
      enum class State : uint8_t { kOpen, kClosed };
    };
    struct CookieOptions {
      enum class SameSite : uint8_t { kLax, kNone };
      SameSite same_site = SameSite::kLax;
      std::chrono::seconds max_age{0};
      static constexpr size_t kLongest = 7;
    };
    using Hook = std::function<void(int, std::string_view)>;
    struct ServerOptions {
      net::ListenOptions listen;
      Parser::Limits limits;
      Milliseconds idle{65'000};
      // Two lines; of it.
      std::optional<CookieOptions> cookie;
      std::function<void(const Parser& parser, bool)> hook;
      bool on = true;
      bool is_fine() const { return on; }
      Status check() const;
    };`,
};

function read(roots) {
  const src = mkdtempSync(path.join(tmpdir(), 'patchbay-options-'));
  try {
    for (const [name, text] of Object.entries(headers)) {
      mkdirSync(path.join(src, path.dirname(name)), { recursive: true });
      writeFileSync(path.join(src, name), text);
    }
    return optionStructs(src, ['net', 'http'], roots);
  } finally {
    rmSync(src, { recursive: true });
  }
}

test('finds every struct of options that the first one holds, with all its members', () => {
  const found = read(['http::ServerOptions']);
  assert.deepEqual(Object.fromEntries([...found].map(([name, members]) => [name, members.map((it) => it.name)])), {
    'http::ServerOptions': ['listen', 'limits', 'idle', 'cookie', 'hook', 'on'],
    'net::ListenOptions': ['host', 'stream'],
    'net::StreamLimits': ['max_bytes'],
    'http::Parser::Limits': ['max_headers'],
    'http::CookieOptions': ['same_site', 'max_age'],
  });
});

test('says so when a struct does not exist', () => {
  assert.throws(() => read(['http::Nothing']), /there is no struct http::Nothing/);
});

test('compares a default with what a table says of it', () => {
  const cases = [
    ['Milliseconds', "65'000", '65 s', '65 min'],
    ['Milliseconds', "300", '300 ms', '300 s'],
    ['Milliseconds', "65'000", '65,000 ms', '65000'],
    ['std::chrono::seconds', '60', '1 min', '60 ms'],
    ['size_t', '16 * 1024', '16,384', '16,385'],
    ['double', '0.5', '0.5', '5'],
    ['OverflowPolicy', 'OverflowPolicy::kDisconnect', '`kDisconnect`', 'kDropOldest'],
    ['double', '128e6', '128,000,000', '128'],
    ['bool', 'true', 'true', 'false'],
    ['std::string', '"127.0.0.1"', '`"127.0.0.1"`', 'empty'],
    ['std::string', '', 'empty', ''],
    ['Adapter::Factory', 'nullptr', 'none', ''],
    ['std::optional<CookieOptions>', '', 'none', ''],
  ];
  for (const [type, value, right, wrong] of cases) {
    assert.equal(sameDefault({ type, value }, ` ${right} `), true, `${value} is ${right}`);
    assert.equal(sameDefault({ type, value }, ` ${wrong} `), false, `${value} is not ${wrong}`);
  }
});
