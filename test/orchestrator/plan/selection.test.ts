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
