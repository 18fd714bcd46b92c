import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { test } from 'node:test';
import { completionScript } from '../../src/cli/completion.ts';
import { needs } from '../support/needs.ts';

/** What bash offers for the last of these words. */
function offered(...words: string[]): string[] {
  const script = `${completionScript('bash')}
COMP_WORDS=(cip ${words.map((word) => `'${word}'`).join(' ')}); COMP_CWORD=${words.length}
_cip; printf '%s\\n' "\${COMPREPLY[@]}"`;
  const { stdout, stderr, status } = spawnSync('bash', ['--norc', '-c', script], { encoding: 'utf8' });
  assert.deepEqual({ stderr, status }, { stderr: '', status: 0 });
  return stdout.split('\n').filter(Boolean);
}

const cases: [title: string, words: string[], want: string[]][] = [
  ['commands', ['pub'], ['publish-locally', 'publish']],
  ['aliases', ['mir'], ['mirror']],
  ['the second word of a command', ['registry', ''], ['serve']],
  ['options of a command', ['build', '--pro'], ['--project-dir', '--progress']],
  ['options of an alias', ['cascade', '--ch'], ['--check']],
  ['options after other words', ['build', 'jq', '-k', '--ins'], ['--insecure-registry']],
  ['options of two words', ['registry', 'serve', '--st'], ['--storage']],
  ['commands to explain', ['help', 'doc'], ['doctor']],
];
for (const [title, words, want] of cases) {
  test(`completion in bash: ${title}: ${words.join(' ')}`, needs('bash'), () =>
    assert.deepEqual(offered(...words), want),
  );
}

test('completion for fish names every option with its description', () => {
  const script = completionScript('fish');
  assert.match(script, /^complete -c cip -f -n __fish_use_subcommand -a build -d 'Build images/m);
  assert.match(script, /from publish' -l remote-registry -r -d 'The remote registry/);
  assert.match(script, /from build' -l keep-going -s k -d '/);
});

test('completion for zsh goes through bashcompinit', () => {
  assert.match(completionScript('zsh'), /^#compdef cip\n/);
  assert.match(completionScript('zsh'), /complete -o default -F _cip cip\n/);
});
