/**
 * What a container runtime gives root by default (but for seccomp): 14 capabilities, none of them CAP_SYS_ADMIN; parts of
 * /proc covered, others and /sys read-only.
 */
const script = `
set -e
mount --bind /dev/null /proc/keys
mount --bind /dev/null /proc/timer_list
mount -t tmpfs -o ro tmpfs /proc/acpi 2>/dev/null || mount -t tmpfs -o ro tmpfs /proc/fs
mount --bind /proc/sys /proc/sys
mount -o remount,bind,ro,nosuid,nodev,noexec /proc/sys
mount -o remount,bind,ro,nosuid,nodev,noexec /sys
mount -t tmpfs -o ro tmpfs /sys/firmware
caps=+chown,+dac_override,+fsetid,+fowner,+mknod,+net_raw,+setgid,+setuid,+setfcap,+setpcap,+net_bind_service,+sys_chroot,+kill,+audit_write
exec setpriv --bounding-set=-all,$caps --inh-caps=-all "$@"
`;
/** A command that starts the one after it as root of such a container. */
export const asContainer: readonly string[] = [
  'unshare',
  '--mount',
  '--pid',
  '--fork',
  '--kill-child',
  '--mount-proc',
  'sh',
  '-c',
  script,
  'sh',
];
