import type { LayerChoice } from '../context/layer-choice.ts';
import { FailureError } from '../result.ts';
import { contradictoryOptions } from './failure.ts';
import type { OptionValues } from './options.ts';

/** Which layers the options ask for; undefined for one of each step. */
export function layerChoice({ commit, squash }: OptionValues<'commit' | 'squash'>): LayerChoice | undefined {
  if (squash === 'none') return commit === 'explicit' ? 'marked' : undefined;
  if (commit === 'explicit') throw new FailureError(contradictoryOptions('--commit=explicit', `--squash=${squash}`));
  return squash === 'app' ? 'own' : 'one';
}
