/**
 * What a build step may do as root: the default of Docker and BuildKit, as setpriv(1) spells it.
 * https://github.com/moby/moby/blob/v27.0.0/oci/caps/defaults.go
 */
export const defaultCapabilities = [
  'chown',
  'dac_override',
  'fsetid',
  'fowner',
  'mknod',
  'net_raw',
  'setgid',
  'setuid',
  'setfcap',
  'setpcap',
  'net_bind_service',
  'sys_chroot',
  'kill',
  'audit_write',
] as const;
