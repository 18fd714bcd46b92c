import { failed, ok, type Result } from '../result.ts';
import { type PlatformFailure, platformMalformed, platformUnknown, platformUnsupported } from './failure.ts';

/** `linux/arm/v7` taken apart and normalised (`aarch64` → `arm64`, `x86_64` → `amd64`, no `v8` on arm64). */
export interface Platform {
  readonly os: string;
  readonly architecture: string;
  readonly variant?: string | undefined;
}

/** Values of Go's GOOS and GOARCH, which is what images use. Text from a person outside of them is a slip. */
const operatingSystems = new Set(
  'aix android darwin dragonfly freebsd illumos ios js linux netbsd openbsd plan9 solaris wasip1 windows'.split(' '),
);
const architectures = new Set(
  '386 amd64 arm arm64 loong64 mips mips64 mips64le mipsle ppc64 ppc64le riscv64 s390x wasm'.split(' '),
);

/** Other names of architectures: those of kernels, of Debian and of Node, and what they are in images. */
const architectureNames: Readonly<Record<string, readonly [architecture: string, variant?: string]>> = {
  x86_64: ['amd64'],
  'x86-64': ['amd64'],
  x64: ['amd64'],
  i386: ['386'],
  i486: ['386'],
  i586: ['386'],
  i686: ['386'],
  ia32: ['386'],
  aarch64: ['arm64'],
  armhf: ['arm', 'v7'],
  armv7l: ['arm', 'v7'],
  armel: ['arm', 'v6'],
  armv6l: ['arm', 'v6'],
  ppc64el: ['ppc64le'],
  loongarch64: ['loong64'],
  mipsel: ['mipsle'],
};

/** One spelling for what is the same: lower case, Go's names, and no variant where it is the default. */
export function normalizePlatform(platform: Platform): Platform {
  const os = platform.os.toLowerCase();
  const written = platform.architecture.toLowerCase();
  const [architecture, impliedVariant] = (Object.hasOwn(architectureNames, written) && architectureNames[written]) || [
    written,
  ];
  const variant = normalVariant(architecture, (platform.variant || impliedVariant || '').toLowerCase());
  // Whatever else it says, such as `os.version`, it goes on saying.
  const { os: _os, architecture: _architecture, variant: _variant, ...rest } = platform;
  return { ...rest, os: os === 'macos' ? 'darwin' : os, architecture, ...(variant !== '' && { variant }) };
}

/** `os/architecture[/variant]`; an architecture alone is one of Linux. */
export function parsePlatform(text: string): Result<Platform, readonly [PlatformFailure]> {
  const parts = text.trim().split('/');
  if (parts.length > 3 || !parts.every((part) => /^[A-Za-z0-9_.-]+$/.test(part))) {
    return failed([platformMalformed(text)]);
  }
  const [os, architecture, variant] = parts.length === 1 ? ['linux', parts[0]!] : [parts[0]!, parts[1]!, parts[2]];
  const platform = normalizePlatform({ os, architecture, variant });
  if (!operatingSystems.has(platform.os)) return failed([platformUnknown(text, 'operating system', os)]);
  if (!architectures.has(platform.architecture)) return failed([platformUnknown(text, 'architecture', architecture)]);
  return ok(platform);
}

/**
 * Platforms to build for: `linux/arm64,linux/amd64`, in the order written, each once. All failures of the list are
 * reported; `platform-unsupported` is a platform of another system than Linux.
 */
export function parsePlatforms(text: string): Result<readonly Platform[], readonly PlatformFailure[]> {
  const results = text.split(',').map(parseTarget);
  const failures = results.flatMap((result) => (result.ok ? [] : result.failure));
  if (failures.length > 0) return failed(failures);
  const platforms = results.flatMap((result) => (result.ok ? [result.value] : []));
  return ok([...new Map(platforms.map((platform) => [formatPlatform(platform), platform])).values()]);
}

function parseTarget(text: string): Result<Platform, readonly [PlatformFailure]> {
  const parsed = parsePlatform(text);
  return parsed.ok && parsed.value.os !== 'linux' ? failed([platformUnsupported(text.trim())]) : parsed;
}

/** `linux/arm/v7`, normalised: equal text for what is the same platform. */
export function formatPlatform(platform: Platform): string {
  const { os, architecture, variant } = normalizePlatform(platform);
  return `${os}/${architecture}${variant === undefined ? '' : `/${variant}`}`;
}

/**
 * Compares normalized platforms, so `linux/arm64/v8` is `linux/arm64`; features and versions of the system don't count.
 */
export function samePlatform(a: Platform, b: Platform): boolean {
  return formatPlatform(a) === formatPlatform(b);
}

/** What containers on this machine run as. `arch` is a value of Node's `process.arch`. */
export function hostPlatform(arch: string): Platform {
  // Node says `ppc64` for both byte orders; its Linux builds are all little-endian.
  return normalizePlatform({ os: 'linux', architecture: arch === 'ppc64' ? 'ppc64le' : arch });
}

/** The empty string stands for the variant that is not written. */
function normalVariant(architecture: string, variant: string): string {
  if (architecture === 'arm') {
    if (variant === '') return 'v7';
    return /^[5-8]$/.test(variant) ? `v${variant}` : variant;
  }
  if (architecture === 'arm64') {
    const version = variant.replace(/^(?=\d)/, 'v').replace(/\.0$/, '');
    return version === 'v8' ? '' : version;
  }
  if (architecture === 'amd64') return variant === 'v1' ? '' : variant;
  return variant;
}
