import type { Source } from '../dockerfile/source.ts';
import { suggestionFor } from '../dockerfile/suggestion.ts';
import { type Failure, failed, ok, type Result, type SourceSpan } from '../result.ts';
import { type ContextInfo, checkVersion } from './context-info.ts';
import { describeEdn, type EdnMap, type EdnNode } from './edn-node.ts';
import { scanEdn } from './edn-scanner.ts';
import { extraForms, infoNotAMap, invalidVariant, missingVersion, misspeltKey, wrongType } from './failure.ts';
import type { LoadDefault } from './load-default.ts';
import type { PlacedText } from './placed-text.ts';
import { platformList } from './platform-list.ts';
import type { Notice } from './project.ts';
import { isLegalTag } from './version.ts';

/**
 * `{:version "1.2.3", :platforms ["linux/amd64"], :variants ["slim"], :load true}`; only the version is required. Other keys are
 * kept. Forms after the first are not read, but have to be EDN, and get a warning.
 */
export function parseInfoEdn(source: Source): Result<ContextInfo> {
  const scanned = scanEdn(source);
  if (!scanned.ok) return scanned;
  const [form, second] = scanned.value;
  if (form === undefined) return failed([infoNotAMap('nothing', source.span(0, 0))]);
  if (form.kind !== 'map') return failed([infoNotAMap(describeEdn(form), source.span(form.offset, form.end))]);

  const entries = new Map(form.entries.map(([key, value]) => [keyName(key, source), value]));
  const version = versionOf(entries.get('version'), form, source);
  const platforms = platformsOf(entries.get('platforms'), source);
  const variants = variantsOf(entries.get('variants'), source);
  const load = loadOf(entries.get('load'), source);
  if (!version.ok || !platforms.ok || !variants.ok || !load.ok) {
    return failed([version, platforms, variants, load].flatMap((result) => (result.ok ? [] : result.failure)));
  }
  const { versionAt, ...checked } = version.value;
  return ok({
    ...checked,
    platforms: platforms.value,
    variants: variants.value,
    ...(load.value && { load: load.value }),
    metadata: { kind: 'info-edn', file: source.file, text: source.text, versionAt, other: otherKeys(entries) },
    notices: [
      ...checked.notices,
      ...slipsIn(form, source),
      ...(second ? [extraForms(source.span(second.offset, second.end))] : []),
    ],
  });
}

const known: ReadonlySet<string> = new Set(['version', 'platforms', 'variants', 'load']);

/** Keys that are most likely slips of those that are read; any others may be somebody else's. */
function slipsIn({ entries }: EdnMap, source: Source): readonly Notice[] {
  const names = new Set(entries.map(([key]) => keyName(key, source)));
  const open = [...known].filter((name) => !names.has(name));
  return entries.flatMap(([key]) => {
    if (key.kind !== 'keyword' || known.has(key.value)) return [];
    const meant = suggestionFor(key.value, open);
    return meant === undefined ? [] : [misspeltKey(`:${key.value}`, `:${meant}`, source.span(key.offset, key.end))];
  });
}

/** `version` for `:version`; a key of another kind as it is written, so that it cannot be mistaken for one. */
function keyName(key: EdnNode, source: Source): string {
  return key.kind === 'keyword' ? key.value : source.text.slice(key.offset, key.end);
}

function versionOf(node: EdnNode | undefined, map: EdnMap, source: Source) {
  if (node === undefined) return failed([missingVersion(source.span(map.offset, map.end))]);
  const whole = source.span(node.offset, node.end);
  const isPlainNumber = node.kind === 'number' && /^\d+(?:\.\d+)?$/.test(node.value);
  if (node.kind !== 'string' && !isPlainNumber) {
    return failed([wrongType(':version', { expected: 'a string such as "1.0.0"', found: describeEdn(node) }, whole)]);
  }
  // The quotes stay where they are; a number has none.
  const quote = node.kind === 'string' ? 1 : 0;
  const versionAt = source.span(node.offset + quote, node.end - quote);
  const checked = checkVersion(node.value, versionAt);
  return checked.ok ? ok({ ...checked.value, versionAt }) : checked;
}

function platformsOf(node: EdnNode | undefined, source: Source) {
  if (node === undefined) return ok([]);
  const texts = stringsOf(node, ':platforms', source);
  return texts.ok ? platformList(texts.value, source.span(node.offset, node.end)) : texts;
}

function variantsOf(node: EdnNode | undefined, source: Source): Result<readonly string[]> {
  if (node === undefined) return ok([]);
  const texts = stringsOf(node, ':variants', source);
  if (!texts.ok) return texts;
  const bad = texts.value.filter(({ text }) => !isLegalTag(text));
  if (bad.length > 0) return failed(bad.map(({ text, at }) => invalidVariant(text, at)));
  return ok([...new Set(texts.value.map(({ text }) => text))]);
}

function loadOf(node: EdnNode | undefined, source: Source): Result<LoadDefault | undefined> {
  if (node === undefined) return ok(undefined);
  const text = source.text.slice(node.offset, node.end);
  if (text === 'nil' || text === 'false') return ok(undefined);
  if (text === 'true') return ok('auto');
  if (node.kind === 'string' && (node.value === 'docker' || node.value === 'podman')) return ok(node.value);
  const found = node.kind === 'string' ? text : describeEdn(node);
  return failed([
    wrongType(':load', { expected: 'true, "docker" or "podman"', found }, source.span(node.offset, node.end)),
  ]);
}

/** The strings of a vector, list or set; a string alone counts as one. */
function stringsOf(node: EdnNode, key: string, source: Source): Result<readonly PlacedText[]> {
  const isSequence = node.kind === 'vector' || node.kind === 'list' || node.kind === 'set';
  const texts: PlacedText[] = [];
  const failures: Failure[] = [];
  for (const item of isSequence ? node.items : [node]) {
    const at: SourceSpan = source.span(item.offset, item.end);
    if (item.kind === 'string') texts.push({ text: item.value, at });
    else {
      const found = isSequence ? `a list with ${describeEdn(item)}` : describeEdn(item);
      failures.push(wrongType(key, { expected: 'a string or a list of strings', found }, at));
    }
  }
  return failures.length > 0 ? failed(failures) : ok(texts);
}

function otherKeys(entries: ReadonlyMap<string, EdnNode>): ReadonlyMap<string, EdnNode> {
  return new Map([...entries].filter(([name]) => !known.has(name)));
}
