import assert from 'node:assert/strict';
import { after, test } from 'node:test';
import { selectImages } from '../../../src/orchestrator/plan/selection.ts';
import { unwrap, Workshop } from '../workshop.ts';

const workshop = await Workshop.open({
  base: {},
  'base-dev': { on: ['base'] },
  'go-dev': { on: ['base-dev'] },
  'web-dev': { on: ['base-dev', 'base'] },
  jq: { on: ['base'] },
});
after(() => workshop[Symbol.asyncDispose]());
const graph = await workshop.graph();

const cases: [selectors: string, selected: string, implied: string][] = [
  ['', 'base base-dev go-dev jq web-dev', ''],
  ['jq', 'jq', 'base'],
  ['*-dev', 'base-dev go-dev web-dev', 'base'],
  ['j?', 'jq', 'base'],
  ['base-dev+', 'base-dev go-dev web-dev', 'base'],
  ['+go-dev', 'base base-dev go-dev', ''],
  ['+base-dev+', 'base base-dev go-dev web-dev', ''],
  ['go-dev jq go-dev', 'go-dev jq', 'base base-dev'],
  ['*', 'base base-dev go-dev jq web-dev', ''],
];
for (const [selectors, selected, implied] of cases) {
  test(`selectImages() of "${selectors}"`, () => {
    const selection = unwrap(
      selectImages(
        graph,
        selectors.split(' ').filter((one) => one !== ''),
      ),
    );
    assert.equal([...selection.selected].sort().join(' '), selected);
    assert.equal([...selection.implied].sort().join(' '), implied);
    const places = selection.selected.map((name) => graph.order.indexOf(name));
    assert.deepEqual(
      places,
      [...places].sort((a, b) => a - b),
    );
  });
}

test('selectImages() reports every selector that matches nothing, with what may be meant', () => {
  const result = selectImages(graph, ['go-dve+', 'jq', 'nothing-like-it', 'jqq']);
  assert.deepEqual(result.ok || result.failure.map(({ reason, hint }) => [reason, hint]), [
    ['unknown-selector', 'did you mean go-dev+?'],
    ['unknown-selector', `images are: ${graph.order.join(', ')}`],
    ['unknown-selector', `did you mean jq?`],
  ]);
});

const meant: Readonly<Record<string, string>> = {
  'contexts/10-jq': 'jq',
  'contexts/10-jq/': 'jq',
  './contexts/10-jq/Dockerfile': 'jq',
  '10-jq': 'jq',
  'jq:1.1.0': 'jq',
  'localhost:5000/group/jq:1.1.0': 'jq',
  'jq@sha256:0000': 'jq',
  '+contexts/02-web-dev+': '+web-dev+',
  'contexts/02-wbe-dev': 'web-dev',
};
for (const [selector, name] of Object.entries(meant)) {
  test(`selectImages() says that ${selector} is perhaps ${name}`, () => {
    const result = selectImages(graph, [selector]);
    assert.deepEqual(result.ok || result.failure.map((failure) => failure.meant), [name]);
  });
}
