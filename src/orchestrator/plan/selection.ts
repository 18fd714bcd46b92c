import { wildcards } from '../../dockerfile/glob.ts';
import { suggestionFor } from '../../dockerfile/suggestion.ts';
import type { Ancestry } from '../../project/dependency-graph.ts';
import type { ImageName } from '../../project/image-name.ts';
import type { Problem } from '../../project/project.ts';
import { affectedBy, neededBy } from '../../project/reach.ts';
import { type Failure, failed, ok, type Result } from '../../result.ts';
import { unknownSelector } from './failure.ts';

/** Which images a command is about, in the order of the graph. */
export interface Selection {
  /** What was asked for. */
  readonly selected: readonly ImageName[];
  /** Ancestors of those that were not asked for: only needed as far as something is built from them. */
  readonly implied: readonly ImageName[];
}

/**
 * Reads selectors: `jq`, `*-dev` (`*` and `?`), `base-dev+` (and all that is built from it), `+web-dev` (and all that it
 * is built from), `+x+`. None at all select everything. All failures of the list are reported.
 */
export function selectImages(graph: Ancestry, selectors: readonly string[]): Result<Selection> {
  if (selectors.length === 0) return ok({ selected: graph.order, implied: [] });
  const selected = new Set<ImageName>();
  const failures: Failure[] = [];
  for (const selector of selectors) {
    const names = matching(graph, selector);
    if (names.length === 0) failures.push(noMatch(graph, selector));
    for (const name of names) selected.add(name);
  }
  if (failures.length > 0) return failed(failures);
  const needed = neededBy(graph, selected);
  return ok({
    selected: graph.order.filter((name) => selected.has(name)),
    implied: graph.order.filter((name) => needed.has(name) && !selected.has(name)),
  });
}

/**
 * Problems by whether a selection has to do with them (ADR 0027). Without selectors each one counts, and so with `name+`:
 * what is wrong with an image may hide that it is built from that one.
 */
export function problemsFor(
  { selected, implied }: Selection,
  selectors: readonly string[],
  problems: readonly Problem[],
): { readonly here: readonly Problem[]; readonly elsewhere: readonly Problem[] } {
  if (selectors.length === 0 || selectors.some((selector) => partsOf(selector).descendants)) {
    return { here: problems, elsewhere: [] };
  }
  const needed = new Set([...selected, ...implied]);
  const isHere = ({ images }: Problem) => images.some((name) => needed.has(name));
  return { here: problems.filter(isHere), elsewhere: problems.filter((problem) => !isHere(problem)) };
}

function matching(graph: Ancestry, selector: string): readonly ImageName[] {
  const { ancestors, pattern, descendants } = partsOf(selector);
  const named = graph.order.filter((name) => pattern.matches(name));
  return [...named, ...(ancestors ? neededBy(graph, named) : []), ...(descendants ? affectedBy(graph, named) : [])];
}

function partsOf(selector: string) {
  const [, before, name = '', after] = /^(\+?)(.*?)(\+?)$/s.exec(selector)!;
  return { name, ancestors: before === '+', pattern: wildcards(name), descendants: after === '+' };
}

function noMatch(graph: Ancestry, selector: string) {
  const { name, ancestors, descendants } = partsOf(selector);
  const typed = imageIn(name);
  const nearest = graph.order.find((one) => one === typed) ?? suggestionFor(typed, graph.order);
  const suggestion = nearest && `${ancestors ? '+' : ''}${nearest}${descendants ? '+' : ''}`;
  return unknownSelector(selector, graph.order, suggestion);
}

/** `contexts/10-tools/Dockerfile`, as a shell completes it, and `registry/group/tools:1.1.0` → `tools`. */
function imageIn(typed: string): string {
  const path = typed.replace(/(?:\/(?:Dockerfile|info\.edn)?)$/, '');
  return path
    .slice(path.lastIndexOf('/') + 1)
    .replace(/[:@].*$/s, '')
    .replace(/^\d+-(?=.)/, '');
}
