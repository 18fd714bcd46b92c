import { join } from 'node:path';
import { decodeDockerfile } from '../dockerfile/decode.ts';
import { readDockerfile } from '../dockerfile/parse.ts';
import { Source } from '../dockerfile/source.ts';
import { type Failure, failed, ok, type Result } from '../result.ts';
import { parseContextDirectory } from './context-directory.ts';
import type { ContextInfo } from './context-info.ts';
import { dockerfileNotices } from './dockerfile-notices.ts';
import { ignoredDirectory, invalidImageName, missingDockerfile, missingMetadata, notAnImage } from './failure.ts';
import { parseInfoEdn } from './info-edn.ts';
import type { Context, Notice, UnreadContext } from './project.ts';
import { blanksInVariable } from './reference-failure.ts';
import { parseVersionFile } from './version-file.ts';

/** The files of a context that say what it is. `VERSION` and `PLATFORMS_OVERRIDE` count without `info.edn` only. */
export type ContextFile = 'Dockerfile' | 'info.edn' | 'VERSION' | 'PLATFORMS_OVERRIDE';

/** A directory under `contexts/` as it was read. */
export interface ContextContents {
  /** Absolute. */
  readonly directory: string;
  /** As shown. */
  readonly path: string;
  /** Last component of both. */
  readonly name: string;
  /** A file that is not there is absent. */
  readonly files: Readonly<Partial<Record<ContextFile, Result<Uint8Array> | undefined>>>;
}

/** What became of a directory. */
export interface ParsedContext {
  /** Absent for a directory that is not a context, or can't be read as one. */
  readonly context?: Context | undefined;
  /** A directory that has the name of an image, and something wrong in it. */
  readonly unread?: UnreadContext | undefined;
  /** All that is wrong with it. */
  readonly failures: readonly Failure[];
  readonly notices: readonly Notice[];
}

/** A context with everything in it read and checked. */
export function parseContext(contents: ContextContents): ParsedContext {
  const { directory, path } = contents;
  const parsed = parseContextDirectory(contents.name);
  if (parsed.kind === 'ignored') return { failures: [], notices: [ignoredDirectory(path)] };
  if (!isImage(contents)) return { failures: [], notices: [notAnImage(path)] };
  const name = parsed.kind === 'invalid' ? failed([invalidImageName(path, parsed.name)]) : ok(parsed);
  const { dockerfile, failures: wrong } = dockerfileIn(contents);
  const info = infoIn(contents);
  if (!name.ok || !dockerfile || wrong.length > 0 || !info.ok) {
    const failures = [...(name.ok ? [] : name.failure), ...wrong, ...(info.ok ? [] : info.failure)];
    return { unread: name.ok ? { name: name.value.name, path, dockerfile } : undefined, failures, notices: [] };
  }
  const { notices, ...rest } = info.value;
  const { order, name: imageName } = name.value;
  const context = { directory, path, order, name: imageName, ...rest, ...dockerfile };
  return { context, failures: [], notices: [...notices, ...dockerfileNotices(dockerfile.dockerfile)] };
}

/** Whether somebody meant the directory to be one: what a branch left behind that git does not track was never meant. */
export function isImage({ files }: ContextContents): boolean {
  return Object.values(files).some((file) => file !== undefined);
}

interface FoundDockerfile {
  /** As much of it as can be read. */
  readonly dockerfile?: Pick<Context, 'dockerfile' | 'dockerfileText'> | undefined;
  readonly failures: readonly Failure[];
}

function dockerfileIn(contents: ContextContents): FoundDockerfile {
  const source = sourceIn(contents, 'Dockerfile');
  if (!source.ok) return { failures: source.failure };
  if (source.value === undefined) return { failures: [missingDockerfile(contents.path)] };
  const { text, file } = source.value;
  const { dockerfile, failures } = readDockerfile(text, file);
  const blanks = failures.length === 0 ? [] : blanksInRegistry(source.value);
  const lines = new Set(blanks.map(({ at }) => at.line));
  return {
    dockerfile: dockerfile && { dockerfile, dockerfileText: text },
    failures: [...blanks, ...failures.filter(({ at }) => at === undefined || !lines.has(at.line))],
  };
}

/** `${ REGISTRY }` falls apart into words, so that the parser's own complaint does not say what is wrong. */
function blanksInRegistry(source: Source) {
  const matches = [...source.text.matchAll(/^[ \t]*FROM\b.*?(\$\{(?:[ \t]+REGISTRY[ \t]*|REGISTRY[ \t]+)\})/gim)];
  return matches.map(({ index, 0: line, 1: variable = '' }) => {
    const end = index + line.length;
    return blanksInVariable(variable, source.span(end - variable.length, end));
  });
}

function infoIn(contents: ContextContents): Result<ContextInfo> {
  const edn = sourceIn(contents, 'info.edn');
  if (!edn.ok) return edn;
  if (edn.value !== undefined) return parseInfoEdn(edn.value);
  const version = sourceIn(contents, 'VERSION');
  const platforms = sourceIn(contents, 'PLATFORMS_OVERRIDE');
  if (!version.ok || !platforms.ok) {
    return failed([version, platforms].flatMap((result) => (result.ok ? [] : result.failure)));
  }
  if (version.value === undefined) return failed([missingMetadata(contents.path)]);
  return parseVersionFile(version.value, platforms.value);
}

function sourceIn(contents: ContextContents, name: ContextFile): Result<Source | undefined> {
  const bytes = contents.files[name];
  if (bytes === undefined) return ok(undefined);
  if (!bytes.ok) return bytes;
  const file = join(contents.path, name);
  const text = decodeDockerfile(bytes.value, file);
  return text.ok ? ok(new Source(file, text.value)) : text;
}
