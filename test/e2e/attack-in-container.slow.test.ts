/**
 * The real program in real containers, and the attack program as a step of its build. Each probe has two controls: the
 * same in the container beside the build, and the same on the machine.
 */
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { randomUUID } from 'node:crypto';
import { chmodSync, copyFileSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { before, describe, test } from 'node:test';
import { type Answers, answers, judge } from '../engine/executor/attack/answers.ts';
import { writePerlRoot } from '../engine/executor/attack/perl-root.ts';
import { complaintsIn } from '../support/complaints.ts';
import { needs } from '../support/needs.ts';
import { containerKinds, runInContainer } from '../support/oci-container.ts';
import { bin, root as checkout } from '../support/paths.ts';
import { Rig } from '../support/rig.ts';
import { tempDir } from '../support/temp-dir.ts';

const attack = (name: string) => join(checkout, 'test/engine/executor/attack', name);

/** In $DIR: what the machine or container lets everybody do, into control.txt; then the command. */
const script = `
set -e
mkdir -p "$DIR/scratch" "$DIR/jail/tmp"
touch "$DIR/landmark"
args="disk=$(stat -c %d /) mark=$MARK port=$PORT pid=$PID landmark=$DIR/landmark root=$DIR/jail"
perl ${attack('attack.pl')} $args "scratch=$DIR/scratch" outside=1 > "$DIR/control.txt"
[ $# -eq 0 ] || exec "$@" -- --build-arg "ATTACK=$args scratch=/tmp"
`;

/** Starts the command with keys and an open file, beside neighbours. */
function among(mark: string, ...command: string[]): readonly string[] {
  return ['perl', attack('prey.pl'), mark, 'perl', attack('neighbours.pl'), mark, 'sh', '-c', script, 'sh', ...command];
}

interface Case {
  readonly title: string;
  readonly kind: keyof typeof containerKinds;
  /** What steps are kept in by `--isolation=auto`; a reason where they aren't run. */
  readonly want: 'namespaces' | 'chroot' | 'no-user-namespaces';
  readonly open?: readonly string[];
}

/** What is in a /proc that is not the step's own, since the container covers parts of it. */
const bySharedProc = ['see processes of the machine'];
/** What a chroot keeps nobody from. */
const byChroot = [
  'escape from a chroot',
  'signal a process of the machine',
  'ptrace a process of the machine',
  'socket of the machine on loopback',
  'abstract socket of the machine',
  'packets of the machine',
  'raw packets of the machine',
  'a low port of the machine',
];

const cases: readonly Case[] = [
  { title: 'Docker', kind: 'docker', want: 'chroot', open: byChroot },
  { title: 'Podman', kind: 'podman', want: 'namespaces', open: bySharedProc },
  { title: 'seccomp=unconfined', kind: 'unconfined', want: 'namespaces', open: bySharedProc },
  { title: '--privileged', kind: 'privileged', want: 'namespaces' },
  { title: 'rootless Podman', kind: 'rootless', want: 'namespaces', open: bySharedProc },
];

const isRootOfMachine =
  (BigInt(`0x${/^CapEff:\s*(\S+)/m.exec(readFileSync('/proc/self/status', 'utf8'))?.[1] ?? 0}`) & (1n << 21n)) !== 0n;
const required = needs('linux', 'root', 'user namespaces', 'busybox', 'perl', 'runc');

describe('a build in a container', {
  skip: required.skip || (!isRootOfMachine && 'needs root with CAP_SYS_ADMIN'),
}, () => {
  let control: Answers;
  before(async () => {
    await using dir = await tempDir();
    const mark = `cip-attack-${randomUUID()}`;
    const [file, ...args] = among(mark);
    execFileSync(file!, args, { env: { ...process.env, DIR: dir.path }, stdio: ['ignore', 'inherit', 'inherit'] });
    control = answers(readFileSync(join(dir.path, 'control.txt'), 'utf8'));
  });

  for (const { title, kind, want, open = [] } of cases) {
    test(`of ${title}: ${want}`, async (t) => {
      await using rig = await Rig.setup();
      const dir = dirname(rig.project);
      const context = join(rig.project, 'contexts/00-attack');
      writePerlRoot(join(context, 'root'));
      copyFileSync(attack('attack.pl'), join(context, 'root/attack.pl'));
      const network = want === 'namespaces' ? '--network=none ' : '';
      const dockerfile = `FROM scratch\nCOPY root/ /\nARG ATTACK\nRUN ${network}/usr/bin/perl /attack.pl $ATTACK ${network && 'lonely=1'}\n`;
      writeFileSync(join(context, 'Dockerfile'), dockerfile);
      writeFileSync(join(context, 'info.edn'), '{:version "1.0.0"}\n');
      mkdirSync(rig.store);
      for (const path of [dir, rig.project, rig.store]) chmodSync(path, 0o777);
      const build = ['build', '-C', rig.project, '--only-local-platform', '--progress=plain', '-vv'];
      const env = { DIR: dir, HOME: join(dir, 'home'), CIP_STORE: rig.store };
      const command = among(`cip-attack-${randomUUID()}`, process.execPath, bin, ...build);
      const { status, stderr } = await runInContainer(containerKinds[kind], dir, command, env);
      assert.deepEqual({ status, told: complaintsIn(stderr) }, { status: 0, told: [] }, stderr);
      assert.equal(/only kept in by chroot/.test(stderr) ? 'chroot' : 'namespaces', want);
      assert.equal(/command lines of the processes of this container/.test(stderr), open === bySharedProc);
      const lines = [...stderr.matchAll(/^\[attack [^\]]*\] \| (.+\t.+)$/gm)].map(([, line]) => line);
      const around = answers(readFileSync(join(dir, 'control.txt'), 'utf8'));
      judge(t, `in-a-container-${kind}`, { inside: answers(lines.join('\n')), around, control }, open);
    });
  }
});
