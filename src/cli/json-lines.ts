/**
 * Whether a command line asks for JSON, as far as that can be seen where it is wrong elsewhere: by its last `--progress`, else
 * by the environment.
 */
export function asksForJsonLines(argv: readonly string[], env: Readonly<Record<string, string | undefined>>): boolean {
  const end = argv.includes('--') ? argv.indexOf('--') : argv.length;
  const words = argv.slice(0, end);
  const at = words.findLastIndex((word) => word === '--progress' || word.startsWith('--progress='));
  const typed = words[at] === '--progress' ? words[at + 1] : words[at]?.slice('--progress='.length);
  return (typed ?? env['CIP_PROGRESS']) === 'json';
}
