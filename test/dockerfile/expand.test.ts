import assert from 'node:assert/strict';
import test from 'node:test';
import fc from 'fast-check';
import { expand, expandHeredoc, expandWords } from '../../src/dockerfile/expand.ts';
import type { Escape } from '../../src/dockerfile/logical-line.ts';
import { reasonsIn, valueIn } from './outcome.ts';

const backslash = { escapeCharacter: '\\' } as const;
const variables = new Map(
  Object.entries({
    NAME: 'value',
    EMPTY: '',
    PATHS: '/usr/bin:/bin:/opt',
    FILE: 'archive.tar.gz',
    STARS: 'a*b?c*',
    PORTS: '80  443/tcp',
    QUOTE: `"it's"`,
    LINES: 'one\ntwo',
    한글: '값',
    _x1: 'under',
    FACE: '👽!👽',
    HASH: '#',
  }),
);

const cases: [word: string, want: string, escape?: Escape][] = [
  ['', ''],
  ['plain', 'plain'],
  ['$NAME', 'value'],
  ['${NAME}', 'value'],
  ['a$NAME-b', 'avalue-b'],
  ['$NAMEx', ''],
  ['${NAME}x', 'valuex'],
  ['$_x1.', 'under.'],
  ['$한글', '값'],
  ['$EMPTY', ''],
  ['$NOPE', ''],
  ['a$', 'a$'],
  ['$ a', '$ a'],
  ['$/x', '$/x'],
  ['$$NAME', 'NAME'],
  ['$1$@', ''],
  ['$QUOTE', `"it's"`],
  // What to do when a variable is unset, or empty
  ['${NOPE-word}', 'word'],
  ['${EMPTY-word}', ''],
  ['${EMPTY:-word}', 'word'],
  ['${NAME:-word}', 'value'],
  ['${NOPE:-}', ''],
  ['${NOPE+word}', ''],
  ['${EMPTY+word}', 'word'],
  ['${EMPTY:+word}', ''],
  ['${NAME:+word}', 'word'],
  ['${NAME?}', 'value'],
  ['${EMPTY?}', ''],
  ['${NOPE:-$NAME-${FILE}}', 'value-archive.tar.gz'],
  ['${NOPE:-a b}', 'a b'],
  ['${NOPE:-"a}b"}', 'a}b'],
  ["${NOPE:-'$NAME'}", '$NAME'],
  ['${NOPE:-a\\}b}', 'a}b'],
  ['${NOPE-:x}', ':x'],
  // Beginnings and ends
  ['${PATHS#*:}', '/bin:/opt'],
  ['${PATHS##*:}', '/opt'],
  ['${PATHS%:*}', '/usr/bin:/bin'],
  ['${PATHS%%:*}', '/usr/bin'],
  ['${FILE%.gz}', 'archive.tar'],
  ['${FILE%.*}', 'archive.tar'],
  ['${FILE%%.*}', 'archive'],
  ['${FILE#arch}', 'ive.tar.gz'],
  ['${FILE#???}', 'hive.tar.gz'],
  ['${FILE#nope}', 'archive.tar.gz'],
  ['${FILE#}', 'archive.tar.gz'],
  ['${FILE##*}', ''],
  ['${FILE#*}', 'archive.tar.gz'],
  ['${FILE#[a-z]}', 'archive.tar.gz'],
  ['${FILE#a.chive}', 'archive.tar.gz'],
  ['${STARS#a\\*}', 'b?c*'],
  ['${STARS#?\\*b\\?}', 'c*'],
  ['${STARS%\\*}', 'a*b?c'],
  ['${FILE%.$EMPTY*}', 'archive.tar'],
  ['${NOPE#x}', ''],
  ['${PATHS#$HASH*:}', '/usr/bin:/bin:/opt'],
  ['${FACE#?}', '!👽'],
  ['${FACE%?}', '👽!'],
  ['${LINES%%n*}', 'one\ntwo'],
  ['${NAME#`*}', 'value', '`'],
  ['${STARS#a`*}', 'b?c*', '`'],
  // Replacements
  ['${PATHS/bin/sbin}', '/usr/sbin:/bin:/opt'],
  ['${PATHS//bin/sbin}', '/usr/sbin:/sbin:/opt'],
  ['${PATHS//:/ }', '/usr/bin /bin /opt'],
  ['${PATHS/\\/usr/}', '/bin:/bin:/opt'],
  ['${PATHS//$EMPTY:/,}', '/usr/bin,/bin,/opt'],
  ['${NAME/v?l/V}', 'Vue'],
  ['${NAME//*/x}', 'x'],
  ['${NAME///-}', '-v-a-l-u-e-'],
  ['${NAME/$EMPTY/-}', '-value'],
  ['${EMPTY//*/x}', 'x'],
  ['${NAME//nope/x}', 'value'],
  ['${NAME/a/$FILE}', 'varchive.tar.gzlue'],
  ['${NAME//a/\\/}', 'v\\/lue'],
  ['${FACE//👽/$1x}', 'x!x'],
  // Quotes and escape characters
  ["'$NAME'", '$NAME'],
  ["'a\\b'", 'a\\b'],
  ['"$NAME"', 'value'],
  ['"a\\$NAME"', 'a$NAME'],
  ['"a\\"b\\\\c\\d"', 'a"b\\c\\d'],
  [`"it's"`, "it's"],
  ['a"b"\'c\'d', 'abcd'],
  ['\\$NAME', '$NAME'],
  ['a\\ b\\', 'a b'],
  ['"${NOPE:-"a b"}"', 'a b'],
  ['C:\\$NAME', 'C:\\value', '`'],
  ['`$NAME', '$NAME', '`'],
  ['"`$NAME``\\"', '$NAME`\\', '`'],
  ['  two  blanks ', '  two  blanks '],
];
for (const [word, want, character = '\\'] of cases) {
  test(`expand() makes ${JSON.stringify(want)} of ${word}`, () => {
    assert.equal(valueIn(expand(word, variables, { escapeCharacter: character })).value, want);
  });
}

const wrong: [word: string, reason: string][] = [
  ['${', 'bad-substitution'],
  ['${}', 'bad-substitution'],
  ['${NAME', 'bad-substitution'],
  ['${NAME:', 'bad-substitution'],
  ['${NAME:-a', 'bad-substitution'],
  ['${.}', 'bad-substitution'],
  ['${NAME.}', 'bad-substitution'],
  ['${:-a}', 'bad-substitution'],
  ['${NAME=a}', 'bad-substitution'],
  ['${NAME:=a}', 'bad-substitution'],
  ['${NAME:#a}', 'bad-substitution'],
  ['${NAME:%a}', 'bad-substitution'],
  ['${NAME:/a/b}', 'bad-substitution'],
  ['${NAME:}', 'bad-substitution'],
  ['${NAME^}', 'bad-substitution'],
  ['${NAME/a}', 'bad-substitution'],
  ['${NAME#\\x}', 'bad-substitution'],
  ['${NAME%a\\\\\\x}', 'bad-substitution'],
  ['"${NAME"', 'bad-substitution'],
  ["it's", 'unterminated-quote'],
  ['"a', 'unterminated-quote'],
  ['"a\\"', 'unterminated-quote'],
  ["${NOPE:-'a}", 'unterminated-quote'],
  ['${NOPE?}', 'required-variable'],
  ['${NOPE:?}', 'required-variable'],
  ['${EMPTY:?}', 'required-variable'],
  ['${NAME:-${NOPE?}}', 'required-variable'],
  [`${'${NOPE:-'.repeat(20_000)}`, 'bad-substitution'],
];
for (const [word, reason] of wrong) {
  test(`expand() refuses ${word.slice(0, 40)}`, () => {
    assert.deepEqual(reasonsIn(expand(word, variables, backslash)), [reason]);
  });
}

test('expand() says what the author wrote behind ?', () => {
  const result = expand('${NOPE:?set it to ${NAME}s}', variables, backslash);
  assert.equal(result.ok ? '' : result.failure[0]?.message, 'NOPE: set it to values');
});

test('expand() says which variables it asked for, also those of a default that was not needed', () => {
  assert.deepEqual(valueIn(expand("$B ${NAME:-$A} '$C' ${EMPTY} $B ${FILE%$NAME}", variables, backslash)), {
    value: ' value $C   archive.tar.gz',
    unset: ['B', 'A'],
    used: ['NAME', 'EMPTY', 'FILE'],
  });
});

test('expand() takes variables from a function as well', () => {
  const asked = (name: string) => (name === 'A' ? 'found' : undefined);
  assert.deepEqual(valueIn(expand('$A$B', asked, backslash)), {
    value: 'found',
    unset: ['B'],
    used: ['A'],
  });
});

test('expand() does not expand values again', () => {
  assert.equal(valueIn(expand('$A', new Map([['A', '$B "x" \\y']]), backslash)).value, '$B "x" \\y');
});

const words: [text: string, want: readonly string[], escape?: Escape][] = [
  ['', []],
  ['  ', []],
  ['80 443', ['80', '443']],
  ['$PORTS', ['80', '443/tcp']],
  ['1$PORTS 2', ['180', '443/tcp', '2']],
  ['"$PORTS"', ['80  443/tcp']],
  ['a${NOPE:-b c}d', ['ab', 'cd']],
  ['$NOPE', []],
  ['"" a', ['a']],
  ['a\\ b c', ['a b', 'c']],
  ["'a b'c", ['a bc']],
  ['a` b', ['a b'], '`'],
];
for (const [text, want, character = '\\'] of words) {
  test(`expandWords() splits ${JSON.stringify(text)}`, () => {
    assert.deepEqual(valueIn(expandWords(text, variables, { escapeCharacter: character })).words, want);
  });
}

test('expandWords() tells unset from used, and fails like expand()', () => {
  assert.deepEqual(valueIn(expandWords('$A $NAME', variables, backslash)), {
    words: ['value'],
    unset: ['A'],
    used: ['NAME'],
  });
  assert.deepEqual(reasonsIn(expandWords('${', variables, backslash)), ['bad-substitution']);
});

const bodies: [body: string, want: string][] = [
  [`it's "$NAME"\n`, `it's "value"\n`],
  ['\\$NAME \\\\ \\x\n', '$NAME \\ x\n'],
  [`${'${NOPE:-"a"}'}\n`, '"a"\n'],
  ['`$NAME`\n', '`value`\n'],
  ['', ''],
];
for (const [body, want] of bodies) {
  test(`expandHeredoc() makes ${JSON.stringify(want)} of ${JSON.stringify(body)}`, () => {
    assert.equal(valueIn(expandHeredoc(body, variables)).value, want);
  });
}

const anyWord = fc.string({
  unit: fc.constantFrom(...'${}:-+?#%/\\\'"`* ab1@.\n', '${A', ':-', '##', '%%', '//', '한', '👽', '$A', '${B}'),
  maxLength: 30,
});
const anyVariables = fc.record({ A: fc.string(), B: fc.constant('') });

test('expand() never throws, and what has nothing special in it stays as it is', () => {
  fc.assert(
    fc.property(anyWord, anyVariables, fc.constantFrom<Escape>('\\', '`'), (word, values, character) => {
      const named = new Map(Object.entries(values));
      const result = expand(word, named, { escapeCharacter: character });
      assert.equal(result.ok ? 0 : result.failure.length, result.ok ? 0 : 1);
      if (!/[$'"\\`]/.test(word)) assert.equal(valueIn(result).value, word);
      if (result.ok) assert.ok([...result.value.used].every((name) => named.has(name)));
      assert.equal(expandWords(word, named, { escapeCharacter: character }).ok, result.ok);
    }),
    { numRuns: 1000 },
  );
});

test('expand() gives back what was quoted', () => {
  fc.assert(
    fc.property(fc.string({ unit: fc.constantFrom(...'ab $"\'\\{}`*', '한') }), (text) => {
      const single = `'${text.replaceAll("'", `'"'"'`)}'`;
      assert.equal(valueIn(expand(single, variables, backslash)).value, text);
      const double = `"${text.replace(/["$\\]/g, '\\$&')}"`;
      assert.equal(valueIn(expand(double, variables, backslash)).value, text);
    }),
  );
});

test('expand() trims like a plain search for all splits', () => {
  const letters = fc.string({ unit: fc.constantFrom('a', 'b'), maxLength: 7 });
  const pattern = fc.string({ unit: fc.constantFrom('a', 'b', '*', '?'), maxLength: 5 });
  fc.assert(
    fc.property(letters, pattern, (value, text) => {
      const regExp = new RegExp(`^${text.replaceAll('*', '.*').replaceAll('?', '.')}$`);
      const cuts = Array.from({ length: value.length + 1 }, (_, index) => index);
      const starts = cuts.filter((cut) => regExp.test(value.slice(0, cut)));
      const ends = cuts.filter((cut) => regExp.test(value.slice(cut)));
      const named = new Map([
        ['V', value],
        ['P', text],
      ]);
      const trimmed = (operator: string) => valueIn(expand(`\${V${operator}}`, named, backslash)).value;
      assert.equal(trimmed('#$P'), value.slice(starts.at(0) ?? 0));
      assert.equal(trimmed('##$P'), value.slice(starts.at(-1) ?? 0));
      assert.equal(trimmed('%$P'), value.slice(0, ends.at(-1) ?? value.length));
      assert.equal(trimmed('%%$P'), value.slice(0, ends.at(0) ?? value.length));
    }),
    { numRuns: 500 },
  );
});

test('a pattern of many stars takes no longer than it must', () => {
  const value = 'a'.repeat(2000);
  const started = performance.now();
  assert.equal(valueIn(expand(`\${V##${'*a'.repeat(50)}b}`, new Map([['V', value]]), backslash)).value, value);
  assert.ok(performance.now() - started < 2000);
});
