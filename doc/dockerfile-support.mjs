// Writes doc/dockerfile-support.md from the rows below, the conformance cases and what they say of themselves.
// With --check: says whether it is up to date, and writes nothing.
import { existsSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join, relative } from 'node:path';
import { markdownTable } from './markdown-table.mjs';

const root = join(import.meta.dirname, '..');
const conformance = join(root, 'test', 'conformance');
const page = join(root, 'doc', 'dockerfile-support.md');

const [yes, no] = ['yes', 'no'];

/** Section → rows: what, whether cip does it, patterns of the cases that show it, a note. */
const features = {
  'The text': [
    [
      '`# escape=`, `# syntax=`, a byte order mark, CRLF',
      yes,
      ['text/escape*', 'text/directive*', 'text/bom', 'text/crlf'],
      'of `# syntax=`, docker/dockerfile 1 is built in; others are refused',
    ],
    [
      '`# check=` with `skip`, `experimental` and `error=true`, also above one instruction',
      yes,
      ['text/check*'],
      "BuildKit's rules under their names, in `cip check` and `cip build-image --check`; InvalidBaseImagePlatform in builds alone; of stages on an image nothing that depends on what it sets",
    ],
    [
      'continued lines, with comments and empty lines in them',
      yes,
      ['text/continuation*', 'text/no-newline*', 'text/hash*', 'text/leading*'],
    ],
    [
      'instructions in any case',
      yes,
      [
        'text/lower-case',
        'text/unknown*',
        'text/no-arguments',
        'text/empty',
        'text/only-arg',
        'text/before-from',
        'history/lower-case',
      ],
    ],
    ['JSON and shell forms', yes, ['text/json*']],
    ['options of instructions', yes, ['text/flag*']],
    ['heredocs', yes, ['text/heredoc*', 'history/heredoc*']],
    ['NUL characters', no, ['text/nul-character'], 'refused: `nul-character`'],
  ],
  'Variables and stages': [
    [
      '`${x:-w}` and the other operators, quotes, escapes',
      yes,
      [
        'var/operators',
        'var/pattern*',
        'var/nested',
        'var/required*',
        'var/bad*',
        'var/unclosed',
        'var/special',
        'var/unset',
      ],
    ],
    [
      'which instructions expand variables',
      yes,
      [
        'var/no-expansion',
        'var/expansion',
        'var/workdir',
        'var/copy*',
        'var/exclude-not',
        'mount/variables',
        'mount/from-variable',
      ],
    ],
    ['ARG: global, of a stage, automatic, proxies', yes, ['arg/*']],
    ['FROM: stages, `AS`, `--platform`, scratch, targets', yes, ['from/*']],
    ['base images for several platforms', yes, ['copy/arm64', 'from/platform*']],
    ['`SOURCE_DATE_EPOCH`', yes, ['epoch/*']],
  ],
  'COPY and ADD': [
    [
      'sources: directories, wildcards, links, names that are missing',
      yes,
      [
        'copy/source*',
        'copy/sym*',
        'copy/wildcard*',
        'copy/glob*',
        'copy/directory*',
        'copy/missing*',
        'copy/literal*',
        'copy/no-match*',
        'copy/one-match*',
        'copy/escapes',
        'copy/unicode',
        'copy/empty-directory*',
        'copy/long-*',
        'copy/names*',
        'copy/whiteout*',
        'copy/backslash*',
      ],
    ],
    [
      'destinations: files, directories, links, types that conflict',
      yes,
      [
        'copy/destination*',
        'copy/several*',
        'copy/file-and*',
        'copy/heredocs*',
        'copy/tree*',
        'copy/file-onto*',
        'copy/link-onto*',
        'copy/merge*',
      ],
    ],
    [
      'owners and modes without options',
      yes,
      [
        'copy/user*',
        'copy/host-owner',
        'copy/group-writable',
        'copy/setuid*',
        'copy/setgid*',
        'copy/from-owner',
        'copy/from-modes',
      ],
    ],
    ['`--from`', yes, ['copy/from*']],
    ['`--chown`', yes, ['copy/chown*', 'user/chown*', 'user/root-on-scratch', 'copy/parents-created-chown']],
    ['`--chmod`, octal and symbolic', yes, ['copy/chmod*', 'copy/parents-created-chmod']],
    ['`--link`', yes, ['copy/link*', 'add/link*']],
    ['`--parents`', yes, ['copy/parents*']],
    ['`--exclude`', yes, ['copy/exclude*', 'add/exclude']],
    [
      'hard links, pipes, sockets, devices, extended attributes',
      yes,
      ['copy/hard*', 'copy/fifo', 'copy/socket', 'copy/device', 'copy/xattrs'],
    ],
    [
      'ADD of archives, `--unpack`',
      yes,
      ['add/archive*', 'add/empty*', 'add/gzip*', 'add/directory*', 'add/wildcard*'],
    ],
    [
      'ADD of URLs, `--checksum`, `--unpack`',
      yes,
      ['add/url*', 'add/checksum*', 'add/unknown*', 'copy/of-url', 'copy/checksum*'],
    ],
    [
      'ADD of git repositories, `--keep-git-dir`',
      yes,
      ['add/git', 'add/git-*', 'copy/of-git'],
      'by the `git` that is installed',
    ],
    ['`.dockerignore`, `<Dockerfile>.dockerignore`', yes, ['ignore/*']],
  ],
  RUN: [
    ['shell, exec form, heredoc; environment, exit status, leftover processes', yes, ['run/*']],
    [
      '`--mount=type=bind`',
      yes,
      ['mount/bind*', 'mount/target*', 'mount/no-target', 'mount/duplicate', 'mount/unknown*', 'mount/from-self'],
    ],
    ['`--mount=type=cache`', yes, ['mount/cache*']],
    ['`--mount=type=tmpfs`', yes, ['mount/tmpfs*', 'run/tmpfs*', 'mount/nested', 'mount/through*']],
    ['`--mount=type=secret`', yes, ['mount/secret*']],
    ['`--mount=type=ssh`, `--ssh`', yes, ['mount/ssh*']],
    ['`--security=insecure`, `--device`', no, [], 'refused: `not-supported`'],
    [
      'mount points that are not kept, but for /dev, /proc and /sys',
      yes,
      ['mount/stub*', 'run/no-stubs', 'run/no-dev', 'run/stub-times', 'copy/onto-removed*'],
    ],
    ['mounts at and above /etc/hosts and /etc/resolv.conf, in /dev, at /proc and /sys', yes, ['mount/at-*']],
    [
      'roots with something else where a step needs /dev, /proc, /sys, /etc/hosts and /etc/resolv.conf',
      yes,
      ['run/odd-root*'],
      'where no step could run: `root-unusable`',
    ],
    ['`--network=none`, `default`, `host`', yes, ['run/network*']],
    [
      '`--add-host`, `--hostname`, `--network`, `--shm-size`, `--ulimit` of `build-image`; `BUILDKIT_SANDBOX_HOSTNAME`',
      yes,
      ['run/options*'],
    ],
  ],
  'The configuration and its history': [
    ['ENV, LABEL', yes, ['env/*', 'config/labels*', 'config/base-environment']],
    ['USER', yes, ['user/*', 'config/user*']],
    ['WORKDIR', yes, ['workdir/*']],
    [
      'CMD, ENTRYPOINT, SHELL',
      yes,
      ['config/cmd*', 'config/empty-lists', 'config/entrypoint*', 'config/stage*', 'config/shell*'],
    ],
    ['EXPOSE', yes, ['var/expose*', 'config/expose*', 'config/ports']],
    ['VOLUME', yes, ['config/volume*']],
    ['HEALTHCHECK', yes, ['config/healthcheck*']],
    [
      'STOPSIGNAL, MAINTAINER, and all at once',
      yes,
      ['config/stopsignal*', 'config/maintainer', 'config/all', 'config/scratch'],
    ],
    ['ONBUILD', yes, ['from/onbuild*']],
    ['history', yes, ['history/*', 'config/base-history']],
    ['Dockerfiles as people write them: five whole ones', yes, ['real/*']],
    ['fields of a base that are empty or unknown', yes, ['config/odd*'], 'left out, as BuildKit does'],
    ['steps that are the same in several stages', yes, ['cache/*']],
    ['stages and images that `--build-context` replaces', yes, ['named/*']],
  ],
};

/** Rules that a build alone cannot show, and what does. */
const elsewhere = {
  54: 'how fast it is',
  76: 'test/layer',
  84: 'test/layer',
  93: 'test/engine/op',
  96: 'test/engine/solver',
  103: 'test/registry',
  104: 'test/registry',
  105: 'test/registry',
  106: 'test/registry',
  107: 'test/registry',
};

/** What the numbers in `rules` of an args.json stand for. */
const rules = [
  'directives stand at the top, each once',
  'the escape character',
  'continued lines',
  'comments are whole lines',
  'CRLF',
  'JSON is tried first',
  'options stand behind the instruction',
  'old and new form of ENV and LABEL',
  'instructions that take the whole line',
  'the grammar of heredocs',
  'heredocs of RUN',
  'heredocs of COPY and ADD',
  'operators of variables',
  'quotes while expanding',
  'which instructions expand',
  'EXPOSE splits variables into words',
  'an instruction sees the environment before it',
  'ARG before FROM',
  'the default in a stage is above the global value',
  'of ARG and ENV the later one counts',
  'defaults that are not needed are not expanded',
  'a stage inherits from the stage that it is from',
  'proxies',
  'arguments of the platform',
  'names of stages',
  'stages that are not needed',
  'named contexts',
  'targets',
  'ONBUILD',
  'the platform of a base',
  'sources stay in the context, links are followed',
  'of a directory its content is copied',
  'sources without a match',
  'what a destination is',
  'links in destinations',
  'types that conflict',
  'modes and owners of directories',
  'owners without --chown',
  '--chown',
  '--chmod',
  '--link',
  '--parents',
  '--exclude',
  'ADD of archives',
  'ADD of URLs',
  'ADD of git repositories',
  'sockets, pipes, devices',
  'odd names, and patterns',
  'hard links in a COPY',
  'which ignore file counts',
  'patterns of ignore files',
  'ignored Dockerfiles',
  'ignored directories with files that are not',
  'ignore files are compiled once',
  'WORKDIR makes directories',
  'the directory of RUN is made',
  'USER in RUN',
  'HOME and PATH',
  'SHELL and the shell forms',
  'ENTRYPOINT resets CMD',
  'what is merged with the base',
  'EXPOSE',
  'VOLUME is no directory',
  'history',
  'a RUN that changes nothing',
  'processes that are left',
  'the input of RUN is empty',
  'hosts, resolv.conf, hostname',
  'mount points are removed',
  'names in layers',
  'parents are in layers',
  'times are whole seconds',
  'whiteouts',
  'hard links that change',
  'extended attributes',
  'capabilities in a user namespace',
  'setuid, setgid, sticky',
  'what is a change',
  'renamed directories',
  'devices',
  'layers that point outside',
  'diffIDs, history and layers agree',
  'SOURCE_DATE_EPOCH',
  'gzip is reproducible',
  'the order of names',
  'keys of FROM',
  'keys of COPY',
  'keys are of expanded text',
  'keys of RUN',
  'keys of ARG',
  'metadata is in no key of RUN',
  'equal content is a hit',
  'keys of ADD',
  'platforms in keys',
  'a hit restores the same bytes',
  'a miss does not end the search',
  'bind mounts',
  'cache mounts',
  'tmpfs mounts',
  'secrets',
  'names of images',
  'platforms match',
  'attestations are no candidates',
  'authentication',
  'retries',
  'pushing',
  'media types',
];

const cases = readdirSync(join(conformance, 'cases'), { recursive: true })
  .map(String)
  .filter((path) => path.endsWith('/Dockerfile') && path.split('/').length === 3)
  .map((path) => {
    const folder = join(conformance, 'cases', path, '..');
    const args = join(folder, 'args.json');
    return {
      name: relative(join(conformance, 'cases'), folder),
      args: existsSync(args) ? JSON.parse(readFileSync(args, 'utf8')) : {},
    };
  })
  .sort((a, b) => (a.name < b.name ? -1 : 1));
const known = JSON.parse(readFileSync(join(conformance, 'known.json'), 'utf8'));
const forced = JSON.parse(readFileSync(join(conformance, 'forced.json'), 'utf8'));
const problems = [];
const shown = new Set();

const matching = (pattern) => {
  const found = cases.filter(({ name }) =>
    pattern.endsWith('*') ? name.startsWith(pattern.slice(0, -1)) : name === pattern,
  );
  for (const { name } of found) shown.add(name);
  if (found.length === 0) problems.push(`no case is called ${pattern}`);
  return found.length;
};
const countOf = (number, one) => `${number} ${one}${number === 1 ? '' : 's'}`;
const table = (head, rows) => markdownTable([head, ...rows]);
const lines = [
  '# What Dockerfiles may say',
  '',
  '<!-- Generated by doc/dockerfile-support.mjs. -->',
  '',
  'BuildKit 0.31.2 is the reference. Each case is a folder of `test/conformance/cases`, built by BuildKit and by cip with',
  '`npm run conformance`: configuration, history, layers and files must be equal, but for what is written down here.',
];
for (const [section, rows] of Object.entries(features)) {
  lines.push('', `## ${section}`, '');
  const cellOf = (patterns) => patterns.map((pattern) => `\`${pattern}\` (${matching(pattern)})`).join(', ');
  const body = rows.map(([what, does, patterns, note = '']) => [what, does, cellOf(patterns), note]);
  lines.push(...table(['what', 'cip', 'cases', ''], body));
}
const deviations = cases.filter(({ args }) => args.deviation !== undefined);
lines.push(
  '',
  '## Deviations',
  '',
  'On purpose, with the reason; more of it in [ADR 0011](adr/0011-deviations-from-buildkit.md). The cases are built as root, as a user',
  'with subordinate ids and in the chroot tier.',
  '',
);
lines.push(
  ...table(
    ['case', 'as', 'why'],
    [
      ...Object.entries(forced).flatMap(([identity, reasons]) =>
        Object.entries(reasons).map(([reason, why]) => [`all that fail with \`${reason}\``, identity, why]),
      ),
      ...deviations.flatMap(({ name, args: { deviation } }) =>
        typeof deviation === 'string'
          ? [[`\`${name}\``, 'everybody', deviation]]
          : Object.entries(deviation).map(([identity, why]) => [`\`${name}\``, identity, why]),
      ),
    ],
  ),
);
lines.push(
  '',
  '## Known differences',
  '',
  'Not on purpose: cip is to be changed, and this list can only become shorter.',
  '',
);
lines.push(
  ...table(
    ['case', 'differs in'],
    Object.entries(known).map(([name, why]) => [`\`${name}\``, why]),
  ),
);
lines.push('', '## Rules', '', 'What the numbers in `rules` of an `args.json` stand for.', '');
const rowOf = (rule, index) => {
  const number = index + 1;
  const about = cases.filter(({ args }) => args.rules?.includes(number)).length;
  if (about === 0 && elsewhere[number] === undefined) problems.push(`rule ${number} has no case`);
  return [number, rule, about > 0 ? countOf(about, 'case') : elsewhere[number]];
};
lines.push(...table(['', 'rule', 'shown by'], rules.map(rowOf)), '');
for (const { name } of cases) if (!shown.has(name)) problems.push(`${name} is in no row`);
if (problems.length > 0) {
  console.error(problems.join('\n'));
  process.exit(1);
}

const text = lines.join('\n');
if (!process.argv.includes('--check')) writeFileSync(page, text);
else if (!existsSync(page) || readFileSync(page, 'utf8') !== text) {
  console.error('doc/dockerfile-support.md is not up to date: run node doc/dockerfile-support.mjs');
  process.exit(1);
}
