import { execFile } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import type { Files } from '../../support/rig.ts';
import { proxyOf } from './proxy.ts';
import type { Scenario } from './scenario.ts';

const exec = promisify(execFile);

function image(version: string, ...lines: readonly string[]): (name: string) => Files {
  return (name) => ({
    [`contexts/${name}/Dockerfile`]: `${lines.join('\n')}\n`,
    [`contexts/${name}/info.edn`]: `{:version "${version}"}\n`,
  });
}

function project(images: Readonly<Record<string, (name: string) => Files>>): Files {
  return Object.assign({}, ...Object.entries(images).map(([name, files]) => files(name)));
}

const base = image('1.0.0', 'FROM scratch', 'COPY info.edn /etc/base');
/** An image of a file of its own and its parents; the first by FROM. */
function from(...references: readonly string[]): (name: string) => Files {
  const [first, ...others] = references.map((reference) => `\${REGISTRY}/${reference}`);
  return image('1.0.0', 'ARG REGISTRY', `FROM ${first}`, ...others.map((other) => `COPY --from=${other} / /`));
}

const library: Files = {
  ...project({
    '01-lib': image('1.0.0', 'FROM scratch', 'COPY lib.txt /'),
    '02-cli': from('lib:1.0.0'),
    '02-web': from('lib:1.0.0'),
    '03-site': from('web:1.0.0'),
  }),
  'contexts/01-lib/lib.txt': 'one\n',
};
const publish = 'publish-locally --local-registry REGISTRY -j 1';

/** In the order of value in which they were found; the numbers are those of the list that they are from. */
export const scenarios: readonly Scenario[] = [
  {
    title: '1. `latest` is missing after a publish that was interrupted',
    files: library,
    registry: true,
    statuses: [0, 0, 0],
    complaints: [],
    async run(session) {
      const { registry } = session.rig;
      await session.quietly(publish, registry);
      await fetch(`http://${registry}/v2/lib/manifests/latest`, { method: 'DELETE' });
      session.note('lib:latest is removed from the registry');
      await session.show('plan publish-locally --local-registry REGISTRY', registry);
      await session.show(publish, registry);
      await session.show(publish, registry);
    },
  },
  {
    title: '2. One image fails while others are published',
    files: { ...library, ...image('1.0.0', 'FROM scratch', 'COPY missing.txt /')('02-broken') },
    registry: true,
    statuses: [1],
    complaints: ['copy-source-missing contexts/02-broken/Dockerfile:2:1'],
    async run(session) {
      await session.show(`${publish} --keep-going`, session.rig.registry);
    },
  },
  {
    title: '3. The registry fails while tags are set',
    files: library,
    registry: true,
    statuses: [5, 0],
    complaints: ['publish-partial', 'registry-denied'],
    async run(session) {
      let tags = 0;
      const isTag = (method = '', url = '') =>
        method === 'PUT' && /\/manifests\/[^/]*$/.test(url) && !url.includes('sha256:');
      await using proxy = await proxyOf(session.rig.registry, ({ method, url }) => {
        if (!isTag(method, url)) return 'pass';
        tags++;
        return tags > 2 ? 403 : 'pass';
      });
      await session.show(publish, proxy.host);
      tags = Number.NEGATIVE_INFINITY;
      await session.show(publish, proxy.host);
    },
  },
  {
    title: '4. `${REGISTRY}` without `ARG REGISTRY`',
    files: project({ '00-base': base, '01-app': image('1.0.0', 'FROM ${REGISTRY}/base:1.0.0', 'COPY info.edn /') }),
    statuses: [0, 0],
    complaints: [],
    async run(session) {
      await session.show('check');
      await session.show('build -j 1');
    },
  },
  {
    title: '6. A root changed without a new version',
    files: library,
    registry: true,
    statuses: [3, 3],
    complaints: ['changed-without-bump', 'changed-without-bump'],
    async run(session) {
      const { registry } = session.rig;
      await session.quietly(publish, registry);
      await session.rig.write({ 'contexts/01-lib/lib.txt': 'two\n' });
      session.note('a word of contexts/01-lib/lib.txt is changed');
      await session.show(publish, registry);
      session.note('the same on a machine with an empty store');
      await exec('rm', ['-r', session.rig.store]);
      await session.show(publish, registry);
    },
  },
  {
    title: '6b. A root got a new version, and the cascade was forgotten',
    files: library,
    registry: true,
    statuses: [3, 3, 0, 0],
    complaints: ['stale-reference contexts/02-cli/Dockerfile:2:6', 'stale-reference contexts/02-cli/Dockerfile:2:6'],
    async run(session) {
      const { registry } = session.rig;
      await session.quietly(publish, registry);
      await session.rig.write({ 'contexts/01-lib/info.edn': '{:version "1.1.0"}\n' });
      session.note('lib gets the version 1.1.0');
      await session.show('plan publish-locally --local-registry REGISTRY', registry);
      await session.show(publish, registry);
      await session.show('plan build --local-registry REGISTRY', registry);
      await session.show('cascade');
    },
  },
  {
    title: '6c. The same on a machine where the old version never was',
    files: {
      ...library,
      ...image('1.1.0', 'FROM scratch', 'COPY lib.txt /')('01-lib'),
    },
    registry: true,
    statuses: [3, 3, 3, 3],
    complaints: Array(4).fill('stale-reference contexts/02-cli/Dockerfile:2:6'),
    async run(session) {
      const { registry } = session.rig;
      await session.show('check');
      await session.show('plan --local-registry REGISTRY', registry);
      await session.show('build --local-registry REGISTRY', registry);
      await session.show(publish, registry);
    },
  },
  {
    title: '7. The registry dies',
    files: library,
    registry: true,
    statuses: [5],
    complaints: ['registry-unreachable'],
    async run(session) {
      await using proxy = await proxyOf(session.rig.registry, ({ method }) =>
        method === 'GET' || method === 'HEAD' ? 'pass' : 'die',
      );
      await session.show(`${publish} --keep-going`, proxy.host);
    },
  },
  {
    title: '8. An image of the project, but of Docker Hub',
    files: project({ '00-debian': base, '01-app': image('1.0.0', 'FROM debian:1.0.0', 'COPY info.edn /') }),
    statuses: [0],
    complaints: [],
    async run(session) {
      await session.show('check');
    },
  },
  {
    title: '8b. An image of the project by the name of the local registry',
    files: project({
      '00-debian': base,
      '01-app': image('1.0.0', 'FROM localhost:5000/debian:1.0.0', 'COPY info.edn /'),
    }),
    statuses: [0, 0],
    complaints: [],
    async run(session) {
      await session.show('check');
      await session.show('graph');
    },
  },
  {
    title: '8c. A base that is a build argument',
    files: project({ '00-debian': base, '01-app': image('1.0.0', 'ARG BASE', 'FROM ${BASE}', 'COPY info.edn /') }),
    statuses: [4, 0, 0],
    complaints: ['unresolvable-reference contexts/01-app/Dockerfile:2:6'],
    async run(session) {
      await session.show('check');
      await session.show('graph -- --build-arg BASE=localhost:5000/debian:1.0.0');
      await session.show('build -j 1 -- --build-arg BASE=localhost:5000/debian:1.0.0');
    },
  },
  {
    title: '9. A version of a parent that the project does not have',
    files: project({ '00-debian': base, '01-app': from('debian:1.0.9') }),
    statuses: [4],
    complaints: ['reference-newer-than-parent contexts/01-app/Dockerfile:2:6'],
    async run(session) {
      await session.show('build -j 1');
    },
  },
  {
    title: '10. The same for check and cascade',
    files: project({ '00-debian': base, '01-app': from('debian:1.0.9') }),
    statuses: [4, 4, 0],
    complaints: [
      'reference-newer-than-parent contexts/01-app/Dockerfile:2:6',
      'reference-newer-than-parent contexts/01-app/Dockerfile:2:6',
    ],
    async run(session) {
      await session.show('check');
      await session.show('cascade');
      await session.show('cascade --allow-downgrade');
    },
  },
  {
    title: '12. The disk of the store is full',
    needs: ['linux', 'root'],
    files: project({
      ...Object.fromEntries(
        ['a', 'b', 'c', 'd', 'e'].map((name) => [`0-${name}`, image('1.0.0', 'FROM scratch', 'COPY big /')]),
      ),
    }),
    statuses: [5],
    complaints: ['disk-full'],
    async run(session) {
      for (const name of ['a', 'b', 'c', 'd', 'e'])
        await session.rig.write({ [`contexts/0-${name}/big`]: randomBytes(3 << 20) });
      await mkdir(session.rig.store, { recursive: true });
      await exec('mount', ['-t', 'tmpfs', '-o', 'size=2m,mode=755', 'tmpfs', session.rig.store]);
      try {
        await session.show('build --keep-going -j 2');
      } finally {
        await exec('umount', [session.rig.store]);
      }
    },
  },
  {
    title: '13. A slip in a variable',
    files: project({ '00-base': base, '01-app': image('1.0.0', 'ARG REGISTRY', 'FROM ${REGISTY}/base:1.0.0') }),
    statuses: [4],
    complaints: ['unresolvable-reference contexts/01-app/Dockerfile:2:6'],
    async run(session) {
      await session.show('check');
    },
  },
  {
    title: '14. A login that the registry rejects',
    files: library,
    registry: true,
    statuses: [5],
    complaints: ['registry-denied'],
    async run(session) {
      await using proxy = await proxyOf(session.rig.registry, () => 401);
      const auth = Buffer.from('u:wrong').toString('base64');
      await session.rig.write({ '../home/.docker/config.json': JSON.stringify({ auths: { [proxy.host]: { auth } } }) });
      await session.show(publish, proxy.host);
    },
  },
  {
    title: '15. A submodule that was not fetched',
    files: {
      ...image('1.0.0', 'FROM scratch', 'COPY vendor /')('00-app'),
      '.gitmodules': '[submodule "vendor"]\n\tpath = contexts/00-app/vendor\n\turl = ../vendor\n',
      '.git/HEAD': 'ref: refs/heads/main\n',
    },
    statuses: [4, 4],
    complaints: [
      'submodule-not-fetched contexts/00-app/Dockerfile:2:1',
      'submodule-not-fetched contexts/00-app/Dockerfile:2:1',
    ],
    async run(session) {
      await mkdir(join(session.rig.project, 'contexts/00-app/vendor'));
      await session.show('check');
      await session.show('build');
    },
  },
];
