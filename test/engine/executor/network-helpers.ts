import { newerPasta } from '../../support/fixtures.ts';

const hide = (program: string) =>
  `! command -v ${program} >/dev/null || mount --bind /dev/null "$(command -v ${program})"`;

/** In a mount namespace of its own: the machine has this helper for private networks, and no other. The old one is refused. */
export const helperPrograms = {
  slirp4netns: { needs: ['slirp4netns'], script: hide('pasta') },
  pasta: {
    needs: ['pasta', 'test/support/newer-pasta.sh'],
    script: `
${hide('slirp4netns')}
mount -t tmpfs -o mode=755 tmpfs /mnt
cp ${newerPasta}/* /mnt
printf '#!/bin/sh\\nexec /mnt/loader --argv0 pasta --library-path /mnt /mnt/passt "$@"\\n' > /mnt/pasta
chmod 755 /mnt/pasta
mount --bind /mnt/pasta "$(command -v pasta)"
`,
  },
  'old pasta': { needs: ['pasta of Debian 12'], script: hide('slirp4netns') },
} as const;
