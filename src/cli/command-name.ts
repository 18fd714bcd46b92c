/** In full, whatever alias was typed; two words where it is one of several of a kind. */
export type CommandName =
  | 'build'
  | 'publish-locally'
  | 'publish'
  | 'build-image'
  | 'cascade-version-updates'
  | 'upload-all-to-local-registry'
  | 'pull-latest-from-local-registry'
  | 'pull-latest-from-remote-registry'
  | 'pull'
  | 'plan'
  | 'why'
  | 'graph'
  | 'check'
  | 'doctor'
  | 'registry serve'
  | 'completion'
  | 'help';
