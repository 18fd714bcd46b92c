# Starts a command beside what an attack is to find: a process and an abstract socket named by the first argument, and a
# server on the loopback interface. PID, PORT and MARK in its environment say where.
use strict;
use warnings;
use Socket;

my ($mark, @command) = @ARGV;
sub listening {
  my ($family, $address) = @_;
  socket(my $socket, $family, SOCK_STREAM, 0) or die "socket: $!\n";
  bind($socket, $address) && listen($socket, 9) or die "listen: $!\n";
  return $socket;
}
my $tcp = listening(PF_INET, pack_sockaddr_in(0, INADDR_LOOPBACK));
my $unix = listening(PF_UNIX, pack('Sa108', AF_UNIX, "\0$mark"));
@ENV{qw(PORT MARK)} = ((unpack_sockaddr_in(getsockname $tcp))[0], $mark);
my $pid = fork() // die "fork: $!\n";
if (!$pid) { $0 = $mark; sleep 1000; exit }
$ENV{PID} = $pid;
my $status = system @command;
kill 'KILL', $pid;
exit $status >> 8;
