# Runs a command where sethostname(2) fails with the given error number (amd64), as under the filter of a container.
my $f = pack('SCCL' x 4, 0x20, 0, 0, 0, 0x15, 0, 1, 170, 6, 0, 0, 0x00050000 | shift, 6, 0, 0, 0x7fff0000);
my $p = pack('Sx6P', 4, $f);
syscall(157, 38, 1, 0, 0, 0) == 0 or die "no_new_privs: $!";
syscall(157, 22, 2, $p) == 0 or die "seccomp: $!";
exec @ARGV or die "exec: $!";
