import { type Failure, failed, ok, type Result, type SourceSpan } from '../../result.ts';
import type { FromFlag, MountField, RunMount } from '../dockerfile.ts';
import type { Fragment } from '../fragment.ts';
import type { LogicalLine } from '../logical-line.ts';
import { quoted } from '../quoted.ts';
import { suggestionFor } from '../suggestion.ts';
import { invalidMount } from '../value-failure.ts';

type MountType = RunMount['type'];
type Sharing = NonNullable<RunMount['sharing']>;

const TYPES = ['bind', 'cache', 'tmpfs', 'secret', 'ssh'] as const satisfies readonly MountType[];
const SHARINGS = ['shared', 'private', 'locked'] as const satisfies readonly Sharing[];

/** Spelling → key. */
const KEYS: Readonly<Record<string, string>> = {
  type: 'type',
  from: 'from',
  source: 'source',
  src: 'source',
  target: 'target',
  dst: 'target',
  destination: 'target',
  readonly: 'readonly',
  ro: 'readonly',
  readwrite: 'readwrite',
  rw: 'readwrite',
  required: 'required',
  size: 'size',
  id: 'id',
  sharing: 'sharing',
  mode: 'mode',
  uid: 'uid',
  gid: 'gid',
  env: 'env',
};

/** Keys that may stand without a value, which then is true. */
const SWITCHES: ReadonlySet<string> = new Set(['readonly', 'readwrite', 'required']);

/** Keys that not every type has, and the types that have them. */
const TYPES_WITH: Readonly<Record<string, readonly MountType[]>> = {
  required: ['secret', 'ssh'],
  size: ['tmpfs'],
  sharing: ['cache'],
  mode: ['cache', 'secret', 'ssh'],
  uid: ['cache', 'secret', 'ssh'],
  gid: ['cache', 'secret', 'ssh'],
  from: ['bind', 'cache', 'tmpfs', 'ssh'],
};

/** Keys whose value has a form, and the form for people. */
const FORMS: Readonly<Record<string, readonly [form: RegExp, expected: string]>> = {
  mode: [/^[0-7]{1,11}$/, 'octal digits, such as 0755'],
  uid: [/^\d{1,10}$/, 'a number'],
  gid: [/^\d{1,10}$/, 'a number'],
  size: [/^\d+(?:\.\d+)? ?(?:b|[kmgtp]i?b?)?$/i, 'a number of bytes, such as 64m'],
};

/** Like Go's strconv.ParseBool. */
const BOOLEANS: Readonly<Record<string, boolean>> = {
  ...{ '1': true, t: true, T: true, TRUE: true, true: true, True: true },
  ...{ '0': false, f: false, F: false, FALSE: false, false: false, False: false },
};

/** The value of one `--mount=`. */
export function parseMount(written: Fragment, line: LogicalLine): Result<RunMount, Failure> {
  const at = written.at(line);
  const parts = written.commaSeparated();
  if (!parts) return failed(invalidMount('has a double quote inside a value', at, 'put the whole key=value in quotes'));
  const fields: MountField[] = [];
  let from: FromFlag | undefined;
  for (const part of parts) {
    const equals = part.text.indexOf('=');
    const name = (equals === -1 ? part.text : part.text.slice(0, equals)).toLowerCase();
    const key = Object.hasOwn(KEYS, name) ? KEYS[name] : undefined;
    if (part.text === '')
      return failed(emptyField(parts.indexOf(part) === parts.length - 1, parts.length, part.at(line)));
    if (key === undefined) {
      const suggestion = suggestionFor(name, Object.keys(KEYS));
      const hint =
        suggestion === undefined ? `keys are: ${Object.keys(KEYS).join(', ')}` : `did you mean ${suggestion}?`;
      return failed(invalidMount(`has the unknown key ${quoted(name)}`, part.at(line), hint));
    }
    const value = equals === -1 ? undefined : part.slice(equals + 1);
    if (!value && !SWITCHES.has(key))
      return failed(invalidMount(`gives ${name} no value`, part.at(line), `write ${name}=…, without blanks`));
    fields.push({ key, value: value?.text, at: part.at(line) });
    if (key === 'from' && value) from = value.text === '' ? undefined : { value: value.text, at: value.at(line) };
  }
  return mountOf(fields, { at, from, isExpanded: false });
}

/** Most often what follows a comma stands behind a blank, where the flag has ended. */
function emptyField(isLast: boolean, count: number, at: SourceSpan): Failure {
  if (count === 1) return invalidMount('is empty', at, 'write for example --mount=type=cache,target=/root/.cache');
  if (!isLast) return invalidMount('has nothing in front of a comma', at, 'remove the comma, or name what is missing');
  return invalidMount('ends with a comma', at, 'write all of it without blanks, or remove the comma');
}

/**
 * The mount with the variables in its values expanded, and checked as far as it could not be before. `from` stays as
 * written: what it names decides the order of stages, before any stage has variables.
 */
export function expandMount(mount: RunMount, expandWord: (word: string) => Result<string>): Result<RunMount> {
  const fields: MountField[] = [];
  for (const field of mount.fields) {
    if (field.value === undefined || field.key === 'from') {
      fields.push(field);
      continue;
    }
    const value = expandWord(field.value);
    if (!value.ok) return failed(value.failure.map((failure) => ({ ...failure, at: field.at })));
    fields.push({ ...field, value: value.value });
  }
  const result = mountOf(fields, { at: mount.at, from: mount.from, isExpanded: true });
  return result.ok ? result : failed([result.failure]);
}

interface Circumstances {
  readonly at: SourceSpan;
  readonly from: FromFlag | undefined;
  /** Else a value with a variable in it is not known yet. */
  readonly isExpanded: boolean;
}

function mountOf(fields: readonly MountField[], { at, from, isExpanded }: Circumstances): Result<RunMount, Failure> {
  const last = new Map(fields.map((field) => [field.key, field]));
  const isKnown = ({ value }: MountField) => isExpanded || value === undefined || !value.includes('$');
  const textOf = (key: string) => last.get(key)?.value || undefined;

  for (const field of fields) {
    const form = FORMS[field.key];
    if (form && isKnown(field) && !form[0].test(field.value ?? '')) {
      return failed(
        invalidMount(`has the ${field.key} ${quoted(field.value ?? '')}, which is not ${form[1]}`, field.at),
      );
    }
  }
  const typeField = last.get('type');
  const type = choiceOf(typeField, TYPES, isKnown);
  if (!type.ok) return type;
  const sharing = choiceOf(last.get('sharing'), SHARINGS, isKnown);
  if (!sharing.ok) return sharing;
  const required = switchOf(last.get('required'), isKnown);
  if (!required.ok) return required;
  const access = readonlyOf(fields, isKnown);
  if (!access.ok) return access;

  const mountType = type.value ?? 'bind';
  if (!typeField || isKnown(typeField)) {
    const problem = problemOf(mountType, last);
    if (problem) return failed(invalidMount(problem, at));
  }
  return ok({
    fields,
    type: mountType,
    at,
    target: textOf('target'),
    source: textOf('source'),
    from,
    readonly: access.value ?? (mountType !== 'cache' && mountType !== 'tmpfs'),
    id: textOf('id'),
    sharing: sharing.value,
    required: required.value,
    mode: textOf('mode'),
    uid: textOf('uid'),
    gid: textOf('gid'),
    size: textOf('size'),
    env: last.get('env')?.value,
  });
}

/** What a mount of this type cannot have, or lacks. */
function problemOf(type: MountType, fields: ReadonlyMap<string, MountField>): string | undefined {
  const has = (key: string) => Boolean(fields.get(key)?.value);
  for (const [key, types] of Object.entries(TYPES_WITH)) {
    if (fields.has(key) && !types.includes(type)) return `is of type ${type} and cannot have ${key}`;
  }
  if (type !== 'secret') return undefined;
  if (has('source') && has('id')) return 'is a secret with both id and source, which mean the same';
  if (!has('source') && !has('id') && !has('target')) return 'is a secret without id, source or target';
  return undefined;
}

function choiceOf<const T extends readonly string[]>(
  field: MountField | undefined,
  choices: T,
  isKnown: (field: MountField) => boolean,
): Result<T[number] | undefined, Failure> {
  if (!field || !isKnown(field)) return ok(undefined);
  const value = field.value?.toLowerCase() ?? '';
  if (choices.includes(value)) return ok(value);
  const suggestion = suggestionFor(value, choices);
  const hint = suggestion === undefined ? `it can be ${choices.join(', ')}` : `did you mean ${suggestion}?`;
  return failed(
    invalidMount(`has the ${field.key} ${quoted(field.value ?? '')}, which does not exist`, field.at, hint),
  );
}

function switchOf(
  field: MountField | undefined,
  isKnown: (field: MountField) => boolean,
): Result<boolean | undefined, Failure> {
  if (!field || !isKnown(field)) return ok(undefined);
  if (field.value === undefined) return ok(true);
  const value = Object.hasOwn(BOOLEANS, field.value) ? BOOLEANS[field.value] : undefined;
  if (value !== undefined) return ok(value);
  return failed(
    invalidMount(`has the ${field.key} ${quoted(field.value ?? '')}, which is neither true nor false`, field.at),
  );
}

/** `readonly` and `readwrite` say the same from two sides: the last one counts. */
function readonlyOf(
  fields: readonly MountField[],
  isKnown: (field: MountField) => boolean,
): Result<boolean | undefined, Failure> {
  let result: boolean | undefined;
  for (const field of fields) {
    if (field.key !== 'readonly' && field.key !== 'readwrite') continue;
    const value = switchOf(field, isKnown);
    if (!value.ok) return value;
    if (value.value !== undefined) result = field.key === 'readonly' ? value.value : !value.value;
  }
  return ok(result);
}
