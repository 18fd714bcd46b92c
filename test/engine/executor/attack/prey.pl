# Starts a command with what an attack is to find: a key named by the first argument in the session keyring and in that of
# the user, for two minutes, and an open file.
use strict;
use warnings;
use Fcntl qw(F_SETFD O_RDONLY);
use POSIX ();

my ($mark, @command) = @ARGV;
my $arm = (POSIX::uname())[4] eq 'aarch64';
my ($add_key, $keyctl) = $arm ? (217, 219) : (248, 250);
my ($type, $name, $text) = ('user', $mark, 'secret');
syscall($keyctl, 1, 0);
for my $keyring (-3, -4) {
  my $key = syscall($add_key, $type, $name, $text, 6, $keyring);
  syscall($keyctl, 15, $key, 120) if $key > 0;
}
POSIX::dup2(0, 33);
exec @command or die "$command[0]: $!\n";
