# Attacks what a build step must not reach, and says for each probe what the kernel answered: `ok`, or the name of the error.
# Run inside a step, and outside of it as a control. No probe changes anything that lasts: what is written is what was
# read before, what is mounted is mounted in a namespace of its own, and dangerous calls get arguments that are refused
# after the question of permission.
use strict;
use warnings;
use Errno;
use Fcntl qw(O_RDONLY O_WRONLY O_RDWR O_DIRECTORY);
use POSIX ();
use Socket;

my %args = map { split /=/, $_, 2 } @ARGV;
my $arch = (POSIX::uname())[4] eq 'aarch64' ? 1 : 0;
# System calls: amd64, arm64.
my %nr = (
  mount => [165, 40], umount2 => [166, 39], unshare => [272, 97], setns => [308, 268], pivot_root => [155, 41],
  keyctl => [250, 219], ptrace => [101, 117], bpf => [321, 280], perf => [298, 241], delete_module => [176, 106],
  reboot => [169, 142], settimeofday => [164, 170], sethostname => [170, 161], io_uring_setup => [425, 425],
  syslog => [103, 116], name_to_handle_at => [303, 264], open_by_handle_at => [304, 265], swapoff => [168, 225],
  userfaultfd => [323, 282], clone => [56, 220], fchdir => [81, 50], acct => [163, 89], clone3 => [435, 435],
  kexec_load => [246, 104], quotactl => [179, 60], mknodat => [259, 33],
);
my ($NEWNS, $NEWCGROUP, $NEWUTS, $NEWUSER, $NEWPID, $NEWNET) =
  (0x20000, 0x2000000, 0x4000000, 0x10000000, 0x20000000, 0x40000000);

# -1 sets $!, as syscall() does. Arguments are copied, since syscall() takes no constants; `fills` is for those it writes to.
sub call { my ($name, @copy) = @_; return syscall($nr{$name}[$arch], @copy) }
sub fills { my $name = shift; return syscall($nr{$name}[$arch], @_) }
sub works { return $_[0] == -1 ? errno() : 'ok' }
sub errno { my $number = $! + 0; for (keys %!) { return $_ if exists &{"Errno::$_"} && Errno->can($_)->() == $number } return "errno $number" }
sub text { my ($file) = @_; open(my $in, '<', $file) or return undef; local $/; my $text = <$in>; return $text }
sub opened { my ($file, $flags) = @_; return sysopen(my $handle, $file, $flags) ? 'ok' : errno() }
sub rewritten {
  my ($file) = @_;
  my $text = text($file);
  return errno() unless defined $text;
  sysopen(my $out, $file, O_WRONLY) or return errno();
  return defined syswrite($out, $text) ? 'ok' : errno();
}
# In a process of its own, with what it printed.
sub apart {
  my ($what) = @_;
  pipe(my $in, my $out);
  my $pid = fork() // return errno();
  if (!$pid) { syswrite($out, eval { $what->() } // "died: $@"); POSIX::_exit(0) }
  close $out;
  my $said = join '', <$in>;
  waitpid($pid, 0);
  return $said || 'died';
}
# In new namespaces; where that takes a user namespace it is root of it.
sub unshared {
  my ($flags, $what) = @_;
  return apart(sub {
    my ($uid, $gid) = ($>, (split ' ', $))[0]);
    return errno() if call('unshare', $flags) == -1;
    if ($flags & $NEWUSER) {
      for (['setgroups', 'deny'], ['uid_map', "0 $uid 1"], ['gid_map', "0 $gid 1"]) {
        open(my $map, '>', "/proc/self/$_->[0]") or return errno();
        syswrite($map, $_->[1]);
      }
    }
    call('mount', 'none', '/', 0, 0x44000, 0) if $flags & $NEWNS;
    return $flags & $NEWPID ? apart($what) : $what->();
  });
}
sub mounted { my ($type, $source) = @_; my $dir = scratch(); return works(call('mount', $source // $type, $dir, $type, 0, 0)) }
my $scratch;
sub scratch { $scratch //= "$args{scratch}/cip-attack-$$"; mkdir $scratch; return $scratch }
sub found { my ($dir) = @_; return -e "$dir$args{landmark}" ? 'ok' : errno() }

my @sysctls = qw(kernel/core_pattern kernel/panic kernel/randomize_va_space kernel/modprobe vm/swappiness
  vm/overcommit_memory fs/suid_dumpable kernel/hostname net/core/somaxconn net/ipv4/ip_forward);

my @probes = (
  ['user namespace by unshare', sub { unshared($NEWUSER, sub { 'ok' }) }],
  ['user namespace by clone', sub {
    my $pid = call('clone', $NEWUSER | 17, 0, 0, 0, 0);
    return errno() if $pid == -1;
    POSIX::_exit(0) if $pid == 0;
    waitpid($pid, 0);
    return 'ok';
  }],
  ['proc in a nested user namespace', sub { unshared($NEWUSER | $NEWNS | $NEWPID, sub { mounted('proc') }) }],
  ['core_pattern through a nested proc', sub { unshared($NEWUSER | $NEWNS | $NEWPID, sub {
    my $mounted = mounted('proc');
    return $mounted eq 'ok' ? rewritten(scratch() . '/sys/kernel/core_pattern') : $mounted;
  }) }],
  ['sysfs in a nested user namespace', sub { unshared($NEWUSER | $NEWNS | $NEWNET, sub { mounted('sysfs') }) }],
  ['cgroup2 in a nested user namespace', sub { unshared($NEWUSER | $NEWNS | $NEWCGROUP, sub { mounted('cgroup2') }) }],
  ['mount namespace', sub { unshared($NEWNS, sub { 'ok' }) }],
  ['mount tmpfs', sub { unshared($args{outside} ? $NEWNS : 0, sub { mounted('tmpfs') }) }],
  ['mount proc', sub { unshared($args{outside} ? $NEWNS : 0, sub { mounted('proc') }) }],
  ['mount sysfs', sub { unshared($args{outside} ? $NEWNS : 0, sub { mounted('sysfs') }) }],
  ['mount cgroup2', sub { unshared($args{outside} ? $NEWNS : 0, sub { mounted('cgroup2') }) }],
  ['remount a read-only mount', sub { unshared($args{outside} ? $NEWNS : 0, sub {
    call('mount', '/proc/sys', '/proc/sys', 0, 4096, 0), call('mount', 'none', '/proc/sys', 0, 4096 | 32 | 1, 0) if $args{outside};
    return works(call('mount', 'none', '/proc/sys', 0, 4096 | 32, 0));
  }) }],
  ['unmount a mask', sub { unshared($args{outside} ? $NEWNS : 0, sub {
    call('mount', '/dev/null', '/proc/timer_list', 0, 4096, 0) if $args{outside};
    return works(call('umount2', '/proc/timer_list', 2));
  }) }],
  ['pivot_root', sub { unshared($args{outside} ? $NEWNS : 0, sub {
    my $dir = scratch();
    call('mount', 'tmpfs', $dir, 'tmpfs', 0, 0);
    chdir $dir;
    return works(call('pivot_root', '.', '.'));
  }) }],
  (map { my $name = $_; ["write sysctl $name", sub { rewritten("/proc/sys/$name") }] } @sysctls),
  ['open /proc/sysrq-trigger', sub { opened('/proc/sysrq-trigger', O_WRONLY) }],
  ['open /sys for writing', sub {
    for (qw(/sys/kernel/uevent_helper /sys/kernel/profiling /sys/kernel/mm/ksm/run /sys/module/printk/parameters/time)) {
      return opened($_, O_WRONLY) if -e $_;
    }
    return 'ENOENT';
  }],
  ['make a cgroup', sub {
    my ($top) = grep { -d } qw(/sys/fs/cgroup/pids /sys/fs/cgroup/memory /sys/fs/cgroup);
    return 'ENOENT' unless $top;
    my $made = mkdir "$top/cip-attack-$$";
    my $said = $made ? 'ok' : errno();
    rmdir "$top/cip-attack-$$" if $made;
    return $said;
  }],
  ['open cgroup.procs for writing', sub {
    my ($file) = grep { -e } map { "$_/cgroup.procs" } qw(/sys/fs/cgroup/pids /sys/fs/cgroup/unified /sys/fs/cgroup);
    return defined $file ? opened($file, O_WRONLY) : 'ENOENT';
  }],
  ['name of its cgroup', sub { my @named = grep { !m{:/$} } split /\n/, text('/proc/self/cgroup') // ''; return @named ? 'ok' : 'ENOENT' }],
  ['see debugfs or tracefs', sub {
    unshared($args{outside} ? $NEWNS : 0, sub {
      call('mount', 'tracefs', '/sys/kernel/tracing', 'tracefs', 0, 0) if $args{outside};
      return -e '/sys/kernel/tracing/trace' || -e '/sys/kernel/debug/sched' ? 'ok' : 'ENOENT';
    });
  }],
  ['block device of the machine by mknod', sub {
    my $node = scratch() . '/disk';
    my $made = call('mknodat', -100, $node, 0060600, $args{disk} + 0);
    return errno() if $made == -1;
    my $said = opened($node, O_RDONLY);
    unlink $node;
    return $said;
  }],
  ['loop device of the machine by mknod', sub {
    my $node = scratch() . '/loop';
    my $made = call('mknodat', -100, $node, 0060600, 7 << 8);
    return errno() if $made == -1;
    my $said = opened($node, O_RDONLY);
    unlink $node;
    return $said;
  }],
  ['kernel memory by mknod', sub {
    my $node = scratch() . '/kmsg';
    my $made = call('mknodat', -100, $node, 0020600, 1 << 8 | 11);
    return errno() if $made == -1;
    my $said = opened($node, O_RDONLY);
    unlink $node;
    return $said;
  }],
  (map { my $name = $_; ["open /dev/$name", sub { opened("/dev/$name", O_RDONLY) }] } qw(kmsg mem fuse kvm net/tun)),
  ['read /proc/kcore', sub { sysopen(my $in, '/proc/kcore', O_RDONLY) or return errno(); return sysread($in, my $some, 4) ? 'ok' : 'empty' }],
  ['read /proc/keys', sub { my $text = text('/proc/keys'); return errno() unless defined $text; return length $text ? 'ok' : 'empty' }],
  ['escape from a chroot', sub { apart(sub {
    chroot($args{root}) or return errno() if $args{outside};
    chdir '/';
    opendir(my $here, '/') or return errno();
    mkdir '/tmp/cip-jail';
    chroot('/tmp/cip-jail') or return errno();
    chdir $here or return errno();
    rmdir '/tmp/cip-jail';
    chdir '..' for 1 .. 50;
    chroot '.' or return errno();
    return found('');
  }) }],
  ['root of pid 1', sub { found($args{outside} ? '/proc/self/root' : '/proc/1/root') }],
  ['what lies under the root', sub {
    unshared($args{outside} ? $NEWNS : 0, sub {
      call('mount', 'tmpfs', '/', 'tmpfs', 0, 0), chdir('/..') if $args{outside};
      my $gone = call('umount2', '/', 2);
      return errno() if $gone == -1 && !$args{outside};
      return found('');
    });
  }],
  ['above the root', sub { found('/..') }],
  ['file by its handle', sub {
    my ($handle, $id) = (pack('II', 128, 0) . "\0" x 128, pack('i', 0));
    my ($at, $path, $flags) = (-100, $args{outside} ? $args{landmark} : '/etc/passwd', 0);
    return errno() if fills('name_to_handle_at', $at, $path, $handle, $id, $flags) == -1;
    sysopen(my $mount, $args{outside} ? $args{landmark} : '/etc', O_RDONLY);
    return works(call('open_by_handle_at', fileno($mount), $handle, O_RDONLY));
  }],
  ['see processes of the machine', sub { (text("/proc/$args{pid}/cmdline") // '') =~ /\Q$args{mark}\E/ ? 'ok' : 'ENOENT' }],
  ['environment of a process of the machine', sub { my $text = text("/proc/$args{pid}/environ"); return errno() unless defined $text; return length $text ? 'ok' : 'empty' }],
  ['memory of a process of the machine', sub { opened("/proc/$args{pid}/mem", O_RDWR) }],
  ['oom_score_adj of a process of the machine', sub { rewritten("/proc/$args{pid}/oom_score_adj") }],
  ['signal a process of the machine', sub { (text("/proc/$args{pid}/cmdline") // $args{mark}) =~ /\Q$args{mark}\E/ && kill(0, $args{pid}) ? 'ok' : errno() }],
  ['ptrace a process of the machine', sub { my $said = works(call('ptrace', 16, $args{pid} + 0, 0, 0)); if ($said eq 'ok') { waitpid($args{pid}, 0x40000000); call('ptrace', 17, $args{pid} + 0, 0, 0) } return $said }],
  ['enter the namespaces of the machine', sub { apart(sub {
    sysopen(my $ns, "/proc/$args{pid}/ns/mnt", O_RDONLY) or return errno();
    return works(call('setns', fileno($ns), 0));
  }) }],
  ['open files', sub {
    opendir(my $fds, '/proc/self/fd') or return errno();
    # Those perl has opened itself are closed on exec.
    my @given = grep { (text("/proc/self/fdinfo/$_") // '') =~ /^flags:\s*(\d+)/m && !(oct($1) & 02000000) } grep { /^\d+$/ && $_ > 2 } readdir $fds;
    return @given ? 'ok' : 'ENOENT';
  }],
  ['key in the session keyring', sub { works(call('keyctl', 10, -3, 'user', $args{mark}, 0)) }],
  ['key in the user keyring', sub { works(call('keyctl', 10, -4, 'user', $args{mark}, 0)) }],
  ['socket of the machine on loopback', sub {
    socket(my $socket, PF_INET, SOCK_STREAM, 0) or return errno();
    return connect($socket, pack_sockaddr_in($args{port}, inet_aton('127.0.0.1'))) ? 'ok' : errno();
  }],
  ['abstract socket of the machine', sub {
    socket(my $socket, PF_UNIX, SOCK_STREAM, 0) or return errno();
    return connect($socket, pack('Sa108', AF_UNIX, "\0$args{mark}")) ? 'ok' : errno();
  }],
  ['packets of the machine', sub { return socket(my $socket, 17, SOCK_RAW, 0x0300) ? ($args{lonely} ? 'own network' : 'ok') : errno() }],
  ['raw packets of the machine', sub { return socket(my $socket, PF_INET, SOCK_RAW, 1) ? ($args{lonely} ? 'own network' : 'ok') : errno() }],
  ['a low port of the machine', sub {
    for my $port (reverse 1000 .. 1023) {
      socket(my $socket, PF_INET, SOCK_STREAM, 0) or return errno();
      return $args{lonely} ? 'own network' : 'ok' if bind($socket, pack_sockaddr_in($port, INADDR_LOOPBACK));
      return errno() if !$!{EADDRINUSE};
    }
    return errno();
  }],
  # SIOCGIFFLAGS, SIOCSIFFLAGS: what they are already.
  ['flags of an interface', sub {
    socket(my $socket, PF_INET, SOCK_DGRAM, 0) or return errno();
    my $request = pack 'a16x24', 'lo';
    return errno() if !ioctl($socket, 0x8913, $request);
    return ioctl($socket, 0x8914, $request) ? 'ok' : errno();
  }],
  # SIOCDELRT of a route to 192.0.2.77 that nobody has.
  ['routes', sub {
    socket(my $socket, PF_INET, SOCK_DGRAM, 0) or return errno();
    my $request = pack 'x8a16x16a16Sx62', pack_sockaddr_in(0, inet_aton('192.0.2.77')), pack_sockaddr_in(0, inet_aton('255.255.255.255')), 5;
    return ioctl($socket, 0x890c, $request) ? 'ok' : errno();
  }],
  ['socket to the hypervisor', sub { return socket(my $socket, 40, SOCK_STREAM, 0) ? 'ok' : errno() }],
  ['bpf', sub { works(call('bpf', 0, pack('IIIII', 2, 4, 4, 1, 0) . "\0" x 64, 84)) }],
  ['perf events of the whole machine', sub { works(call('perf', pack('IIQ', 1, 64, 0) . "\0" x 48, -1, 0, -1, 0)) }],
  ['modules', sub { works(call('delete_module', 'cip_no_such_module', 0)) }],
  ['reboot', sub { works(call('reboot', 1, 2, 3, 0)) }],
  ['set the time', sub { works(call('settimeofday', 0, pack('ii', 0, 0))) }],
  ['set the host name', sub { unshared($args{outside} ? $NEWUTS : 0, sub { works(call('sethostname', 'attacked', 8)) }) }],
  ['oom_score_adj', sub { apart(sub { open(my $file, '>', '/proc/self/oom_score_adj') or return errno(); return defined syswrite($file, '-999') ? 'ok' : errno() }) }],
  ['io_uring', sub { works(call('io_uring_setup', 1, "\0" x 120)) }],
  ['userfaultfd', sub { works(call('userfaultfd', 0)) }],
  ['kernel log', sub { works(call('syslog', 3, my $log = "\0" x 4096, 4096)) }],
  ['swap', sub { works(call('swapoff', '/cip-no-such-file')) }],
  ['process accounting', sub { works(call('acct', '/cip-no-such-file')) }],
  ['kexec', sub { works(call('kexec_load', 0, 99, 0, 0)) }],
  ['quota', sub { works(call('quotactl', 0x80000900 | 0, '/cip-no-such-file', 0, 0)) }],
);

# What says that permission was given: the question after that one is refused.
my %passed = (
  'routes' => 'ESRCH', 'modules' => 'ENOENT', 'reboot' => 'EINVAL', 'swap' => 'ENOENT', 'process accounting' => 'ENOENT', 'kexec' => 'EINVAL', 'quota' => 'ENOENT',
);

$| = 1;
for (@probes) {
  my ($name, $try) = @$_;
  next if defined $args{only} && $name !~ /$args{only}/;
  my $said = eval { $try->() } // "died: $@";
  $said = "ok ($said)" if defined $passed{$name} && $said eq $passed{$name};
  print "$name\t$said\n";
}
rmdir $scratch if defined $scratch;
