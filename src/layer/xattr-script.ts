import { complaintOf, type ProgramOutcome, runProgram, succeeded } from '../program/run-program.ts';
import { FailureError } from '../result.ts';
import { programFailed } from './failure.ts';
import type { Xattrs } from './xattr.ts';
import { inBatches, type RawXattrs, type XattrTool } from './xattr-tool.ts';

/** The kernel called from Perl, which every Debian has. */
export const perlXattrs = scripted('perl', (script) => ['-e', script]);
/** The kernel called from Python. */
export const pythonXattrs = scripted('python3', (script) => ['-I', '-S', '-c', script]);

/**
 * Both scripts talk the same, all fields in hexadecimal. Standard input: a line per call, `get PATH`,
 * `set PATH NAME VALUE` or `rm PATH NAME`. Standard output: `PATH NAME VALUE` per attribute found, `! PATH COMPLAINT`
 * per call that failed. What has no attributes, has not the one to be removed, or is gone while it is read has not failed.
 * syscall(2), errno(3)
 */
const SCRIPTS = {
  perl: String.raw`
use Config;
my ($set, $get, $list, $rm) = $^O ne "linux" ? die "not Linux\n"
  : $Config{archname} =~ /^x86_64-linux(?!.*x32)/ ? (189, 192, 195, 198)
  : $Config{archname} =~ /^aarch64-linux(?!.*ilp32)/ ? (6, 9, 12, 15)
  : die "unknown machine\n";
my ($enoent, $enodata, $enotsup) = (2, 61, 95);
sub failed { print "! $_[0] ", unpack("H*", "$!"), "\n" }
sub has_none { $! == $enotsup || $! == $enoent }
sub ask {
  my $buffer = "\0" x 65536;
  my $got = @_ == 3 ? syscall($_[0], $_[1], $_[2], $buffer, 65536) : syscall($_[0], $_[1], $buffer, 65536);
  return $got < 0 ? undef : substr($buffer, 0, $got);
}
while (my $line = <STDIN>) {
  chomp $line;
  my ($what, $path, $name, $value) = split / /, $line;
  my ($p, $n, $v) = map { pack("H*", defined $_ ? $_ : "") } ($path, $name, $value);
  if ($what eq "set") { syscall($set, $p, $n, $v, length($v), 0) < 0 and failed($path) }
  elsif ($what eq "rm") { syscall($rm, $p, $n) < 0 and $! != $enodata and failed($path) }
  else {
    my $names = ask($list, $p);
    if (!defined $names) { has_none() or failed($path); next }
    for my $found (split /\0/, $names) {
      my $bytes = ask($get, $p, $found);
      if (defined $bytes) { print "$path ", unpack("H*", $found), " ", unpack("H*", $bytes), "\n" }
      else { has_none() or $! == $enodata or failed($path) }
    }
  }
}
`,
  python3: String.raw`
import errno, os, sys
own = dict(follow_symlinks=False)
for line in sys.stdin:
    what, path, name, value = (line.rstrip("\n").split(" ") + ["", ""])[:4]
    p, n, v = bytes.fromhex(path), bytes.fromhex(name), bytes.fromhex(value)
    none = (errno.ENOTSUP, errno.ENOENT) if what == "get" else ()
    try:
        if what == "set": os.setxattr(p, n, v, **own)
        elif what == "rm": os.removexattr(p, n, **own)
        else:
            for found in os.listxattr(p, **own):
                print(path, os.fsencode(found).hex(), os.getxattr(p, found, **own).hex())
    except OSError as e:
        if e.errno in none or (what != "set" and e.errno == errno.ENODATA): continue
        print("!", path, e.strerror.encode().hex())
`,
};

function scripted(program: keyof typeof SCRIPTS, argsOf: (script: string) => readonly string[]): XattrTool {
  /** Lines of its answer; undefined where there is no such program, or it knows no way. */
  const call = async (root: string, calls: Iterable<string>, signal: AbortSignal) => {
    const args = argsOf(SCRIPTS[program]);
    const run = { args, cwd: root, env: 'inherited', input: calls, maxStdout: ANSWER } as const;
    const outcome = await runProgram(program, run, signal);
    if (outcome.how === 'not-found' || outcome.how === 'not-started' || isRefusal(outcome)) return undefined;
    if (!succeeded(outcome)) throw new FailureError(programFailed(program, PURPOSE, complaintOf(outcome)));
    return outcome.stdout.split('\n').filter((line) => line !== '');
  };

  /** Paths of which a call failed. */
  const failed = (answer: readonly string[]) => new Set(answer.map((line) => text(line.split(' ')[1]!)));

  return {
    seesAll: true,

    async read(root, paths, signal) {
      const all: RawXattrs = new Map();
      for (const batch of inBatches(paths)) {
        const answer = await call(
          root,
          lines(batch, (path) => `get ${hex(path)}`),
          signal,
        );
        if (answer === undefined) return undefined;
        for (const line of answer) {
          const [path, name, value] = line.split(' ') as [string, string, string];
          if (path === '!') throw new FailureError(programFailed(program, PURPOSE, `${text(name)}: ${text(value)}`));
          const own = all.get(text(path)) ?? new Map<string, Buffer>();
          all.set(text(path), own.set(text(name), Buffer.from(value, 'hex')));
        }
      }
      return all;
    },

    async write(root, byPath, signal) {
      const answer = await call(root, settings(byPath), signal);
      return answer && [...failed(answer)];
    },

    async remove(root, { name, paths }, signal) {
      const answer = await call(
        root,
        lines(paths, (path) => `rm ${hex(path)} ${hex(name)}`),
        signal,
      );
      return answer && answer.length === 0;
    },
  };
}

const PURPOSE = 'read or set extended attributes';
/** Bytes: what of attributes is still held in memory. */
const ANSWER = 200_000_000;

/** An interpreter that cannot run the script ends with a status, and has done nothing: it fails before its first call. */
function isRefusal(outcome: ProgramOutcome): boolean {
  return outcome.how === 'status' && outcome.status !== 0;
}

function* settings(byPath: ReadonlyMap<string, Xattrs>): Generator<string, void, undefined> {
  for (const [path, xattrs] of byPath)
    for (const [name, value] of Object.entries(xattrs))
      yield `set ${hex(path)} ${hex(name)} ${Buffer.from(value, 'base64').toString('hex')}\n`;
}

function* lines(paths: readonly string[], line: (path: string) => string): Generator<string, void, undefined> {
  for (const path of paths) yield `${line(path)}\n`;
}

function hex(value: string): string {
  return Buffer.from(value).toString('hex');
}

function text(value: string): string {
  return Buffer.from(value, 'hex').toString();
}
