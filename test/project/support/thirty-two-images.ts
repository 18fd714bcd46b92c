import { image, type ProjectFiles } from './project-files.ts';

/** Image → its version, its level, and its parents with the versions that it refers to. */
type Plan = readonly [name: string, version: string, level: number, ...parents: readonly string[]];

const tools = [
  'ansible',
  'aws',
  'curl',
  'ffmpeg',
  'fd',
  'hadolint',
  'jq',
  'pandoc',
  'pass',
  'ripgrep',
  'shellcheck',
  'tmux',
  'yq',
];
const languages = ['ansible-dev', 'c-dev', 'java-dev', 'lisp-dev', 'node-dev', 'python-dev', 'rust-dev'];

const plans: readonly Plan[] = [
  ['debian-slim', '0.0.2', 0],
  ['standalone', '0.0.2', 0],
  ...tools.map((name): Plan => [name, '0.0.2', 1, 'debian-slim:0.0.2']),
  ['nvim-build', '0.0.2', 1, 'debian-slim:0.0.2'],
  ['nvim-config', '0.0.3', 2, 'debian-slim:0.0.2', 'nvim-build:0.0.2'],
  ['base-dev', '0.0.2', 3, 'nvim-config:0.0.3'],
  ['git', '0.0.2', 3, 'nvim-config:0.0.3'],
  ...languages.map((name): Plan => [name, '0.0.2', 4, 'base-dev:0.0.2']),
  ['go-dev', '0.0.4', 4, 'base-dev:0.0.2'],
  ['web-dev', '0.0.2', 5, 'node-dev:0.0.2'],
  ['clojure-dev', '0.0.2', 5, 'java-dev:0.0.2'],
  ['kotlin-dev', '0.0.2', 5, 'java-dev:0.0.2'],
  ['scala-dev', '0.0.2', 5, 'java-dev:0.0.2'],
  ['hugo-dev', '0.0.2', 6, 'web-dev:0.0.2'],
];

/** 32 images in 7 levels below one root (and one without parents or children), of which one has two parents. */
export function thirtyTwoImages(versionOfRoot = '0.0.2'): ProjectFiles {
  return Object.fromEntries(
    plans.map(([name, version, level, first, ...others]) => [
      `0${level}-${name}`,
      image(
        name === 'debian-slim' ? versionOfRoot : version,
        first === undefined ? 'FROM debian:bookworm-slim' : `FROM \${REGISTRY}/${first}`,
        ...others.map((parent) => `COPY --from=\${REGISTRY}/${parent} /opt /opt`),
        'RUN make all',
      ),
    ]),
  );
}
