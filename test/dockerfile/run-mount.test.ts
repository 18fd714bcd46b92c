import assert from 'node:assert/strict';
import test from 'node:test';
import type { RunMount } from '../../src/dockerfile/dockerfile.ts';
import { expand } from '../../src/dockerfile/expand.ts';
import { expandMount } from '../../src/dockerfile/instructions/run-mount.ts';
import { parseDockerfile } from '../../src/dockerfile/parse.ts';
import { bare, complaints, instructionOf } from './marked.ts';
import { reasonsIn, valueIn } from './outcome.ts';

function mountsOf(flags: string): readonly RunMount[] {
  const instruction = instructionOf(`RUN ${flags} true`);
  assert.ok(instruction.keyword === 'RUN');
  return instruction.mounts;
}

const cases: [value: string, want: object][] = [
  ['target=/a', { type: 'bind', target: '/a', readonly: true }],
  ['type=bind,src=b,dst=/a,rw', { type: 'bind', source: 'b', target: '/a', readonly: false }],
  ['type=bind,source=b,destination=/a,rw=false', { type: 'bind', source: 'b', target: '/a', readonly: true }],
  ['TYPE=Bind,Target=/A', { type: 'bind', target: '/A', readonly: true }],
  ['type=bind,from=,target=/a', { type: 'bind', target: '/a', readonly: true }],
  ['type=cache,target=/a', { type: 'cache', target: '/a', readonly: false }],
  [
    'type=cache,target=/a,id=b,sharing=LOCKED,from=c,source=d,mode=0755,uid=1,gid=2,ro',
    {
      type: 'cache',
      target: '/a',
      source: 'd',
      from: { value: 'c' },
      readonly: true,
      id: 'b',
      sharing: 'locked',
      mode: '0755',
      uid: '1',
      gid: '2',
    },
  ],
  ['type=tmpfs,target=/a,size=64m', { type: 'tmpfs', target: '/a', readonly: false, size: '64m' }],
  [
    'type=secret,id=a,target=/b,required,mode=0400,env=C',
    { type: 'secret', id: 'a', target: '/b', readonly: true, required: true, mode: '0400', env: 'C' },
  ],
  ['required=0,type=ssh', { type: 'ssh', readonly: true, required: false }],
  ['type=bind,target=/a,ro,rw', { type: 'bind', target: '/a', readonly: false }],
];
for (const [value, want] of cases) {
  test(`RUN understands --mount=${value}`, () => assert.deepEqual(bare(mountsOf(`--mount=${value}`)), [want]));
}

test('RUN takes several mounts, in order, and fields with commas in quotes', () => {
  assert.deepEqual(bare(mountsOf(`--mount=target=/a --mount='"target=/b,""c""",source=d'`)), [
    { type: 'bind', target: '/a', readonly: true },
    { type: 'bind', target: '/b,"c"', source: 'd', readonly: true },
  ]);
});

const wrong: [value: string, about: string][] = [
  ['type=bund,target=/a', 'type=bund'],
  ['tpye=bind', 'tpye=bind'],
  ['', ''],
  ['target', 'target'],
  ['$X', '$X'],
  ['target=/a,required', 'target=/a,required'],
  ['type=bind,sharing=locked', 'type=bind,sharing=locked'],
  ['type=cache,sharing=never', 'sharing=never'],
  ['type=tmpfs,size=much', 'size=much'],
  ['type=bind,mode=0755', 'type=bind,mode=0755'],
  ['type=cache,mode=rwx', 'mode=rwx'],
  ['type=cache,mode=0789', 'mode=0789'],
  ['type=cache,uid=me', 'uid=me'],
  ['type=bind,ro=maybe', 'ro=maybe'],
  ['type=secret', 'type=secret'],
  ['type=secret,id=a,source=b', 'type=secret,id=a,source=b'],
  ['type=secret,id=a,from=b', 'type=secret,id=a,from=b'],
];
for (const [value, about] of wrong) {
  test(`RUN refuses --mount=${value}`, () => {
    const column = 'RUN --mount='.length + value.indexOf(about) + 1;
    assert.deepEqual(complaints(`FROM a\nRUN --mount=${value} true`), [`invalid-mount 2:${column} ${about}`]);
  });
}

const blanks: [flag: string, hint: RegExp][] = [
  ['type=cache, target=/x', /^write all of it without blanks/],
  ['type=cache,target=/x,', /^write all of it without blanks/],
  ['type=cache,target', /^write target=…, without blanks/],
  ['type=cache,,target=/x', /^remove the comma/],
  [',type=cache', /^remove the comma/],
  ['', /^write for example --mount=/],
  ['type=cache,traget=/x', /^did you mean target\?/],
];
for (const [flag, hint] of blanks) {
  test(`RUN says what to do about --mount=${flag}`, () => {
    const parsed = parseDockerfile(`FROM a\nRUN --mount=${flag} true`, 'Dockerfile');
    assert.ok(!parsed.ok);
    assert.deepEqual(
      parsed.failure.map(({ reason }) => reason),
      ['invalid-mount'],
    );
    assert.match(parsed.failure[0]?.hint ?? '', hint);
  });
}

test('RUN refuses a quote in the middle of a field', () => {
  assert.deepEqual(complaints(`FROM a\nRUN --mount='target="/a"' true`), [`invalid-mount 2:14 target="/a"`]);
});

const variables = new Map(
  Object.entries({ TYPE: 'cache', DIR: '/x y', YES: 'true', HOW: 'locked', MODE: '0700', NO: 'no' }),
);
function expanded(value: string) {
  const [mount] = mountsOf(`--mount=${value}`);
  assert.ok(mount);
  return expandMount(mount, (word) => {
    const result = expand(word, variables, { escapeCharacter: '\\' });
    return result.ok ? { ok: true, value: result.value.value } : result;
  });
}

const withVariables: [value: string, want: object][] = [
  [
    'type=$TYPE,target=${DIR}/z,sharing=$HOW,mode=$MODE,ro=$YES,from=$TYPE',
    {
      type: 'cache',
      target: '/x y/z',
      from: { value: '$TYPE' },
      readonly: true,
      sharing: 'locked',
      mode: '0700',
    },
  ],
  ['type=secret,id=${NOPE:-a},required=$YES', { type: 'secret', readonly: true, id: 'a', required: true }],
  ['target=$NOPE', { type: 'bind', readonly: true }],
];
for (const [value, want] of withVariables) {
  test(`expandMount() fills in ${value}`, () => assert.deepEqual(bare(valueIn(expanded(value))), want));
}

const wrongOnceExpanded: [value: string, reasons: readonly string[]][] = [
  ['type=$DIR', ['invalid-mount']],
  ['type=$TYPE,size=1m', ['invalid-mount']],
  ['type=cache,ro=$NO', ['invalid-mount']],
  ['type=cache,uid=$NO', ['invalid-mount']],
  ['type=secret,id=$NOPE', ['invalid-mount']],
  ['target=${NOPE?}', ['required-variable']],
];
for (const [value, reasons] of wrongOnceExpanded) {
  test(`expandMount() refuses ${value}, and says where`, () => {
    const result = expanded(value);
    assert.deepEqual(reasonsIn(result), reasons);
    assert.ok(!result.ok && result.failure[0]?.at?.line === 2);
  });
}
