import type { Command, CommandGroup, CommandModule, Positionals } from './command.ts';
import type { CommandName } from './command-name.ts';
import type { OptionName } from './options.ts';

const output = ['progress', 'color', 'quiet', 'verbose'] as const;
/** What a project means: every command that reads one takes these, and build arguments, and so sees the same graph. */
const project = ['projectDir', 'localRegistry', 'remoteRegistry'] as const;
const registries = ['insecureRegistry', 'registryCa'] as const;
/** What all steps have that no instruction says. */
const ofSteps = ['addHost', 'hostname', 'network', 'shmSize', 'ulimit'] as const;
const building = [
  'defaultPlatforms',
  'platform',
  'onlyLocalPlatform',
  'stopOnFirstError',
  'keepGoing',
  'jobs',
  'dryRun',
  'offlineBases',
  'noCache',
  'commit',
  'squash',
  'label',
  'annotation',
  'noCacheFilter',
  'cacheFrom',
  'cacheTo',
  'secret',
  'trace',
  'ssh',
  ...ofSteps,
  'onFail',
  'isolation',
  'requireIsolation',
] as const;
/** How much the store keeps once images were built. */
const caring = ['cacheMaxSize', 'cacheMaxAge', 'cacheMinFree'] as const;
const copying = [...project, ...registries, 'requireAll', 'stopOnFirstError', 'keepGoing', 'json', ...output] as const;

const selectors: Positionals = {
  usage: '[SELECTOR…]',
  description: 'images: a name, a pattern such as *-dev, name+ with all built from it, +name with all it is built from',
  atMost: Number.POSITIVE_INFINITY,
};

/** Every command, in the order of the help text. */
export const commands: readonly Command[] = [
  command({
    name: 'build',
    group: 'Build and publish',
    summary: 'Build images that are missing or out of date',
    positionals: selectors,
    options: [...project, ...building, ...caring, 'load', ...registries, 'json', ...output],
    takesBuildArguments: true,
    examples: [
      ['cip build', 'every image that is missing or out of date'],
      ['cip build base+ -k', 'base and every image built from it, going on after a failure'],
      ['cip build jq -- --build-arg VERSION=1.7', 'with a build argument'],
    ],
    load: () => import('./commands/build.ts'),
  }),
  command({
    name: 'publish-locally',
    group: 'Build and publish',
    summary: 'Build, and push to the local registry',
    positionals: selectors,
    options: [...project, ...building, ...caring, ...registries, 'json', ...output],
    takesBuildArguments: true,
    examples: [['cip publish-locally --local-registry localhost:5000', 'see also: cip registry serve']],
    load: () => import('./commands/publish-locally.ts'),
  }),
  command({
    name: 'publish',
    group: 'Build and publish',
    summary: 'Build for all platforms, and push to the remote registry',
    positionals: selectors,
    options: [...project, ...building, ...caring, 'allowLostOwners', ...registries, 'json', ...output],
    required: ['remoteRegistry'],
    takesBuildArguments: true,
    examples: [
      ['cip publish --remote-registry registry.example.com/group', 'everything the registry lacks'],
      ['cip publish --remote-registry registry.example.com/group -n', 'show what that would be'],
    ],
    load: () => import('./commands/publish.ts'),
  }),
  command({
    name: 'build-image',
    group: 'Build and publish',
    summary: 'Build one Dockerfile that belongs to no project',
    positionals: {
      usage: 'DIR|URL|-',
      description:
        'the directory with the files to copy, or where to fetch it: a git repository, a tar, a Dockerfile; - reads it from standard input as a tar, or a Dockerfile that copies none',
      atMost: 1,
    },
    options: [
      'file',
      'tag',
      'target',
      'buildArg',
      'buildContext',
      'secret',
      'ssh',
      ...ofSteps,
      'platform',
      'push',
      'load',
      'output',
      'trace',
      'iidfile',
      'metadataFile',
      'noCache',
      'commit',
      'squash',
      'label',
      'annotation',
      'checkOnly',
      'noCacheFilter',
      'cacheFrom',
      'cacheTo',
      'onFail',
      'isolation',
      'requireIsolation',
      ...caring,
      ...registries,
      'problemFormat',
      'json',
      ...output,
    ],
    examples: [
      ['cip build-image . -t registry.example.com/tool:1.0 --push', 'build for this machine, and push'],
      ['cip build-image . -t tool --load', 'build, and load into Docker or Podman'],
      ['cip build-image . -o type=oci,dest=tool.tar', 'into a file that other tools read'],
      ['git archive HEAD | cip build-image - -t tool', 'build what is committed'],
      ['cip build-image --check .', 'say what is wrong with the Dockerfile, and what its lint rules find'],
    ],
    load: () => import('./commands/build-image.ts'),
  }),
  command({
    name: 'push',
    group: 'Build and publish',
    summary: 'Push the images in a tar, such as one of docker save',
    positionals: {
      usage: 'TAR [NAME…]',
      description: 'a tar with images; the names to push one under (default: those in the tar)',
      atMost: Number.POSITIVE_INFINITY,
    },
    options: [...registries, 'json', ...output],
    examples: [['cip push tool.tar registry.example.com/tool:1.0', 'as docker load, tag and push would']],
    load: () => import('./commands/push.ts'),
  }),
  command({
    name: 'cascade-version-updates',
    aliases: ['cascade'],
    group: 'Build and publish',
    summary: 'Raise the version of every image built from a raised one',
    options: [...project, 'check', 'dryRun', 'allowDowngrade', 'json', ...output],
    takesBuildArguments: true,
    examples: [
      ['cip cascade', 'update references and versions'],
      ['cip cascade --check', 'exit with 3 if a reference is out of date'],
    ],
    load: () => import('./commands/cascade-version-updates.ts'),
  }),
  command({
    name: 'upload-all-to-local-registry',
    aliases: ['mirror'],
    group: 'Move images',
    summary: 'Copy images from the remote registry to the local one',
    positionals: selectors,
    options: [...copying],
    takesBuildArguments: true,
    required: ['remoteRegistry'],
    load: () => import('./commands/upload-all-to-local-registry.ts'),
  }),
  command({
    name: 'pull-latest-from-local-registry',
    group: 'Move images',
    summary: 'Copy images from the local registry to the store',
    positionals: selectors,
    options: ['load', ...copying, ...caring],
    takesBuildArguments: true,
    load: () => import('./commands/pull-latest-from-local-registry.ts'),
  }),
  command({
    name: 'pull-latest-from-remote-registry',
    group: 'Move images',
    summary: 'Copy images from the remote registry to the store',
    positionals: selectors,
    options: ['load', ...copying, ...caring],
    takesBuildArguments: true,
    required: ['remoteRegistry'],
    load: () => import('./commands/pull-latest-from-remote-registry.ts'),
  }),
  command({
    name: 'pull',
    group: 'Move images',
    summary: 'Copy images from a registry to the store',
    positionals: selectors,
    options: ['from', 'load', ...copying, ...caring],
    takesBuildArguments: true,
    load: () => import('./commands/pull.ts'),
  }),
  command({
    name: 'plan',
    group: 'Decide',
    summary: 'Show what build or publish would do, and why',
    positionals: {
      usage: '[build|publish-locally|publish] [SELECTOR…]',
      description: `the command to plan (default: build), then ${selectors.description}`,
      atMost: Number.POSITIVE_INFINITY,
    },
    options: [
      ...project,
      ...building.filter((name) => name !== 'dryRun' && name !== 'trace'),
      'allowLostOwners',
      'check',
      ...registries,
      'json',
      ...output,
    ],
    takesBuildArguments: true,
    examples: [['cip plan publish --remote-registry registry.example.com/group --json', 'for a script (cip.plan/v1)']],
    load: () => import('./commands/plan.ts'),
  }),
  command({
    name: 'why',
    group: 'Decide',
    summary: 'Say what changed since an image was built, down to the instruction',
    positionals: {
      usage: '[build|publish-locally|publish] [SELECTOR…]',
      description: `what it is compared with: the store (build, the default) or a registry; then ${selectors.description}`,
      atMost: Number.POSITIVE_INFINITY,
    },
    options: [
      ...project,
      'defaultPlatforms',
      'platform',
      'onlyLocalPlatform',
      'offlineBases',
      'noCache',
      'noCacheFilter',
      'commit',
      'squash',
      'label',
      'annotation',
      ...ofSteps,
      'secret',
      'allowLostOwners',
      ...registries,
      'json',
      ...output,
    ],
    takesBuildArguments: true,
    examples: [
      ['cip why web', 'the first thing that differs, such as the mode of a file'],
      ['cip why publish web --remote-registry registry.example.com/group', 'compared with what is published'],
    ],
    load: () => import('./commands/why.ts'),
  }),
  command({
    name: 'graph',
    group: 'Decide',
    summary: 'Draw which image is built from which',
    positionals: selectors,
    options: [...project, 'format', 'json', ...output],
    takesBuildArguments: true,
    examples: [['cip graph +web-dev --format=mermaid', 'web-dev and what it is built from']],
    load: () => import('./commands/graph.ts'),
  }),
  command({
    name: 'check',
    group: 'Decide',
    summary: 'Report every problem of the project',
    options: [...project, 'defaultPlatforms', 'problemFormat', 'json', ...output],
    takesBuildArguments: true,
    examples: [
      ['cip check', 'problems, references that are behind, and what the lint rules find in each Dockerfile'],
      ['cip check --format=sarif > cip.sarif', 'for the code review of GitHub, GitLab and others'],
    ],
    load: () => import('./commands/check.ts'),
  }),
  command({
    name: 'doctor',
    group: 'Set up',
    summary: 'Check what this machine can do, and how to fix the rest',
    options: ['localRegistry', 'remoteRegistry', ...registries, 'json', ...output],
    load: () => import('./commands/doctor.ts'),
  }),
  command({
    name: 'registry serve',
    group: 'Set up',
    summary: 'Serve a registry on this machine, until interrupted',
    options: ['addr', 'storage', 'allowRemote', 'allowedHost', ...output],
    examples: [['cip registry serve --addr 127.0.0.1:0', 'on a free port, which is printed']],
    load: () => import('./commands/registry-serve.ts'),
  }),
  command({
    name: 'registry ls',
    group: 'Set up',
    summary: 'List the repositories of a registry, or the tags of one',
    positionals: {
      usage: '[REGISTRY[/PATH]]',
      description: 'a registry (default: the local one), a path in it, or a repository',
      atMost: 1,
    },
    options: ['localRegistry', ...registries, 'json', ...output],
    examples: [
      ['cip registry ls registry.example.com/team', 'the repositories below team'],
      ['cip registry ls registry.example.com/team/tool', 'the tags of one'],
    ],
    load: () => import('./commands/registry-ls.ts'),
  }),
  command({
    name: 'registry rm',
    group: 'Set up',
    summary: 'Remove tags, or images by digest, from a registry',
    positionals: {
      usage: 'NAME…',
      description: 'names with a tag, or a digest, which goes with all of its tags',
      atMost: Number.POSITIVE_INFINITY,
    },
    options: [...registries, 'json', ...output],
    examples: [['cip registry rm localhost:5000/tool:1.0', 'the tag; the image where it has no other']],
    load: () => import('./commands/registry-rm.ts'),
  }),
  command({
    name: 'cache du',
    group: 'Set up',
    summary: 'Show what the store keeps, and how much of it',
    options: ['json', ...output],
    examples: [['cip cache du -v', 'with every entry']],
    load: () => import('./commands/cache-du.ts'),
  }),
  command({
    name: 'cache prune',
    group: 'Set up',
    summary: 'Free space: what no image with a name needs and nothing uses',
    options: ['all', 'maxSize', 'maxAge', 'minFree', 'filter', 'dryRun', 'json', ...output],
    examples: [
      ['cip cache prune --max-age 7d', 'what was not used for a week'],
      ['cip cache prune --all --max-size 10GB', 'also cached results of images, until 10 GB are left'],
      ['cip cache prune --filter type=cache-mount -n', 'show what caches of RUN --mount would free'],
    ],
    load: () => import('./commands/cache-prune.ts'),
  }),
  command({
    name: 'cache verify',
    group: 'Set up',
    summary: 'Read all content of the store again and say what is broken',
    options: ['repair', 'json', ...output],
    load: () => import('./commands/cache-verify.ts'),
  }),
  command({
    name: 'image ls',
    group: 'Set up',
    summary: 'List the images that have a name in the store',
    positionals: {
      usage: '[PATTERN…]',
      description: 'names, where * stands for anything; any tag is meant where none is given',
      atMost: Number.POSITIVE_INFINITY,
    },
    options: ['json', ...output],
    examples: [["cip image ls 'localhost:5000/*'", 'those of one registry']],
    load: () => import('./commands/image-ls.ts'),
  }),
  command({
    name: 'image inspect',
    group: 'Set up',
    summary: 'Show what is in an image: platforms, configuration, layers',
    positionals: {
      usage: 'NAME|docker-image://REFERENCE|oci-layout://DIR[:TAG]|oci-archive://FILE',
      description: 'an image of the store, of a registry (of which no layer is read), or of a directory',
      atMost: 1,
    },
    options: [...registries, 'json', ...output],
    examples: [
      ['cip image inspect tool:1.0', 'one of the store'],
      ['cip image inspect docker-image://debian:12', 'one of a registry'],
    ],
    load: () => import('./commands/image-inspect.ts'),
  }),
  command({
    name: 'image diff',
    group: 'Set up',
    summary: 'Show what differs between two images, down to the files',
    positionals: {
      usage: 'BEFORE AFTER',
      description: 'each as image inspect names them; exits with 3 where they differ',
      atMost: 2,
    },
    options: [...registries, 'times', 'json', ...output],
    examples: [
      ['cip image diff tool:1.0 tool:1.1', 'what the new one has otherwise'],
      ['cip image diff tool:1.1 docker-image://registry.example.com/tool:1.1', 'whether what was published is this'],
    ],
    load: () => import('./commands/image-diff.ts'),
  }),
  command({
    name: 'image copy',
    group: 'Set up',
    summary: 'Copy an image between the store, registries, directories and tars',
    positionals: {
      usage: 'FROM TO',
      description: 'NAME in the store, docker-image://REFERENCE, oci-layout://DIR[:TAG], or oci-archive://FILE',
      atMost: 2,
    },
    options: [...registries, 'json', ...output],
    examples: [
      ['cip image copy tool:1.0 oci-archive://tool.tar', 'into a file that Docker and others read'],
      ['cip image copy docker-image://debian:12 docker-image://localhost:5000/debian:12', 'to another registry'],
    ],
    load: () => import('./commands/image-copy.ts'),
  }),
  command({
    name: 'image rm',
    group: 'Set up',
    summary: 'Take names from the store; cip cache prune frees the rest',
    positionals: { usage: 'NAME…', description: 'names as cip image ls shows them', atMost: Number.POSITIVE_INFINITY },
    options: ['json', ...output],
    examples: [['cip image rm tool:1.0', 'its content stays until cip cache prune']],
    load: () => import('./commands/image-rm.ts'),
  }),
  command({
    name: 'completion',
    group: 'Set up',
    summary: 'Print a completion script for a shell',
    positionals: { usage: '[bash|zsh|fish]', description: 'bash (the default), zsh or fish', atMost: 1 },
    options: [...output],
    examples: [['source <(cip completion bash)', 'in ~/.bashrc']],
  }),
  command({
    name: 'help',
    group: 'Set up',
    summary: 'Explain cip, or one of its commands: help build',
    positionals: { usage: '[COMMAND]', description: 'a command', atMost: 2 },
    options: [],
  }),
];

/** The command that the first words name, whatever their case, and the words after it. */
export function findCommand(words: readonly string[]): { command?: Command; rest: readonly string[] } {
  for (const length of [2, 1]) {
    const typed = words.slice(0, length).join(' ').toLowerCase();
    const found = commands.find(({ name, aliases }) => name === typed || aliases.includes(typed));
    if (found !== undefined) return { command: found, rest: words.slice(length) };
  }
  return { rest: words };
}

/** A row, whose code may use no option that the row does not list: the compiler checks it. */
function command<const K extends OptionName>(row: {
  readonly name: CommandName;
  readonly aliases?: readonly string[];
  readonly group: CommandGroup;
  readonly summary: string;
  readonly positionals?: Positionals;
  readonly options: readonly K[];
  readonly required?: readonly NoInfer<K>[];
  readonly takesBuildArguments?: boolean;
  readonly examples?: Command['examples'];
  readonly load?: () => Promise<CommandModule<NoInfer<K>>>;
}): Command {
  return {
    ...row,
    aliases: row.aliases ?? [],
    required: row.required ?? [],
    takesBuildArguments: row.takesBuildArguments ?? false,
    examples: row.examples ?? [],
    load: row.load as Command['load'],
  };
}
