/**
 * Which layers an image has, where not one for each step: `marked` ends one at each `#!COMMIT` and at the end of each stage, `own` has one
 * for all that the Dockerfile adds to its base, `one` has a single layer.
 */
export type LayerChoice = 'marked' | 'own' | 'one';

/** The option that makes a choice, and its value: what keys have of it. */
export function optionOf(choice: LayerChoice): readonly [name: '--commit' | '--squash', value: string] {
  if (choice === 'marked') return ['--commit', 'explicit'];
  return ['--squash', choice === 'own' ? 'app' : 'all'];
}
