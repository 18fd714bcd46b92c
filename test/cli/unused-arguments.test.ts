import assert from 'node:assert/strict';
import { test } from 'node:test';
import { unusedArguments } from '../../src/cli/unused-arguments.ts';
import { graphOf, image } from '../project/support/project-files.ts';

const graph = graphOf({
  '00-base': image('1.0.0', 'ARG BASE=x', 'FROM scratch AS one', 'ARG VERSION=1', 'FROM scratch', 'ARG FLAVOUR MODE=a'),
  '01-app': image('1.0.0', 'FROM ${REGISTRY}/base:1.0.0', 'ONBUILD ARG CHILD'),
});

/** Arguments → `names: hint`; nothing where all are declared. */
const rows: [title: string, names: readonly string[], want: string | undefined, images?: readonly string[]][] = [
  ['nothing', [], undefined],
  ['above the first FROM', ['BASE'], undefined],
  ['in a stage that nothing needs', ['VERSION'], undefined],
  ['several in one instruction', ['FLAVOUR', 'MODE'], undefined],
  ['in a trigger', ['CHILD'], undefined],
  ['what builders know', ['HTTP_PROXY', 'no_proxy', 'SOURCE_DATE_EPOCH', 'BUILDKIT_SYNTAX', 'TARGETARCH'], undefined],
  ['a slip', ['VERSON'], 'VERSON: did you mean VERSION?'],
  ['another case', ['version'], 'version: did you mean VERSION?'],
  [
    'a slip, and what it is a slip of',
    ['VERSON', 'VERSION'],
    'VERSON: declare it in the stage that uses it: ARG VERSON',
  ],
  ['nothing alike', ['COMPILER'], 'COMPILER: declare it in the stage that uses it: ARG COMPILER'],
  [
    'several, once',
    ['VERSON', 'COMPILER', 'FLAVOR'],
    'VERSON, COMPILER, FLAVOR: did you mean VERSION instead of VERSON, FLAVOUR instead of FLAVOR?',
  ],
  ['of images that are not asked for', ['CHILD'], 'CHILD: declare it in the stage that uses it: ARG CHILD', ['base']],
  [
    'almost what builders know',
    ['HTTP_PROXYS', 'MY_SOURCE_DATE_EPOCH'],
    'HTTP_PROXYS, MY_SOURCE_DATE_EPOCH: declare it in the stage that uses it: ARG HTTP_PROXYS',
  ],
];
for (const [title, names, want, images = ['base', 'app']] of rows) {
  test(`unusedArguments(): ${title}`, () => {
    const values = Object.fromEntries(names.map((name) => [name, '1']));
    const selected = graph.order.filter((name) => images.includes(name));
    const [notice, ...more] = unusedArguments(values, selected, graph);
    const told = /arguments? (.*) (?:is|are) not declared/.exec(notice?.message ?? '')?.[1];
    assert.equal(notice && `${told}: ${notice.hint}`, want);
    assert.deepEqual(more, []);
  });
}
