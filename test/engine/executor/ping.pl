# Asks an address for an echo by a datagram socket of ICMP (icmp(7)); prints whether it came.
use strict; use warnings; use Socket;

my ($address) = @ARGV;
my $IPPROTO_ICMP = 1;
socket(my $socket, PF_INET, SOCK_DGRAM, $IPPROTO_ICMP) or do { print "socket: $!\n"; exit };
my ($type, $text) = (8, 'echo');
# The kernel writes checksum and number.
send($socket, pack('CCnnna*', $type, 0, 0, 0, 1, $text), 0, pack_sockaddr_in(0, inet_aton($address))) or print "send: $!\n";
vec(my $set = '', fileno $socket, 1) = 1;
print select($set, undef, undef, 5) ? "heard\n" : "nothing\n";
