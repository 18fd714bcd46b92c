import { assertNever } from '../../result.ts';
import { keySchema } from '../key/build-key.ts';
import type { PlanReason } from './plan.ts';

/** A reason as a person is told it, without the image it is about: `changed: contexts/04-go-dev/plugins.lua`. */
export function describeReason(reason: PlanReason): string {
  switch (reason.code) {
    case 'missing':
      return `${reason.reference} is missing`;
    case 'missing-platforms':
      return `missing for ${reason.platforms.join(', ')}`;
    case 'input-changed':
      return `${inputWords[reason.how ?? 'changed']}: ${reason.path}`;
    case 'instruction-changed':
      return `instruction at ${reason.path}:${reason.line} changed`;
    case 'instruction-added':
      return `instruction at ${reason.path}:${reason.line} is new`;
    case 'instruction-removed':
      return removal(reason);
    case 'stale-reference':
      return `${reason.path}:${reason.line} still names ${reason.parent} ${reason.version}, not ${reason.current}`;
    case 'argument-changed':
      return `${reason.name.startsWith('--') ? 'option' : 'build argument'} ${reason.name} ${{ changed: 'changed', came: 'is new', left: 'is no longer used' }[reason.how ?? 'changed']}`;
    case 'escape-changed':
      return `the escape character of ${reason.path} is ${reason.after}, not ${reason.before} as before`;
    case 'target-changed':
      return `the target is ${stage(reason.after)}, not ${stage(reason.before)} as before`;
    case 'parent-built':
      return `parent ${reason.parent} is built`;
    case 'parent-changed':
      if (reason.how !== undefined) return `${reason.how === 'came' ? 'now' : 'no longer'} built from ${reason.parent}`;
      return `parent ${reason.parent} changed`;
    case 'key-changed':
      return 'the sources changed since it was built elsewhere';
    case 'base-moved':
      return `base ${reason.reference} moved from ${short(reason.before)} to ${short(reason.after)}`;
    case 'parent-base-moved':
      return `parent ${reason.parent} is built on another base`;
    case 'owners-lost':
      return 'built without a range of ids: the owners of files were lost';
    case 'other-key-schema':
      return `built by ${reason.schema < keySchema ? 'an earlier' : 'a newer'} cip (key schema ${reason.schema})`;
    case 'asked-for':
      return 'asked for';
    case 'same-key':
      return reason.in === 'store'
        ? `already built: ${reason.reference} in the local store`
        : `same content as ${reason.reference}`;
    case 'no-key':
      return 'made by another tool: its sources are not known';
    case 'tag-missing':
      return `tag ${reason.tag} is missing`;
    case 'tag-behind':
      return `tag ${reason.tag} is not at ${reason.version}`;
    case 'no-tags':
      return `pushed by digest, no tag is moved: the tag has ${reason.platforms.join(', ')} from unknown sources`;
    case 'changed-without-bump':
      return 'already published with different content';
    case 'platform-excluded':
      return `not made for ${reason.platform}`;
    case 'parent-skipped':
      return `parent ${reason.parent} is skipped`;
    default:
      return assertNever(reason);
  }
}

const inputWords = { changed: 'changed', came: 'new input', left: 'no longer an input' } as const;

function stage(name: string | undefined): string {
  return name === undefined ? 'the last stage' : `stage ${name}`;
}

/** `RUN at contexts/04-go-dev/Dockerfile:5 was removed`: the line it had. */
function removal({ path, line, keyword = 'instruction', count = 1, after, isIdle }: RemovedReason): string {
  const place = line === undefined ? `${after === undefined ? 'at the start of' : 'below'} ` : 'at ';
  const where = `${place}${path}${line === undefined && after === undefined ? '' : `:${line ?? after}`}`;
  const more = count > 1 ? ` and ${count - 1} more after it` : '';
  const become = isIdle ? ['is no longer built', 'are no longer built'] : ['was removed', 'were removed'];
  return `${keyword} ${where}${more} ${become[count > 1 ? 1 : 0]}`;
}

type RemovedReason = Extract<PlanReason, { code: 'instruction-removed' }>;

/** `sha256:0123456789ab`. */
function short(digest: string | undefined): string {
  return digest === undefined ? 'an unknown digest' : digest.slice(0, 'sha256:'.length + 12);
}
