# Sends a datagram for 127.0.0.1 out of an interface, in one of two ways, then one for the machine's other address.
# Prints what keeps it from sending, and what network-server.pl has heard once it has heard the second.
use strict; use warnings; use Socket;

my ($way, $interface) = @ARGV;
my ($loopback, $machine) = map { inet_aton($_) } '127.0.0.1', '192.0.2.1';
my ($AF_PACKET, $ETH_P_IP, $SO_BINDTODEVICE) = (17, 0x0800, 25);

sub heard {
  socket(my $socket, PF_INET, SOCK_STREAM, 0) or die "socket: $!";
  connect($socket, pack_sockaddr_in(8100, $machine)) or die "connect: $!";
  local $/;
  return scalar <$socket>;
}

sub bound {
  socket(my $socket, PF_INET, SOCK_DGRAM, 0) or return "socket: $!";
  setsockopt($socket, SOL_SOCKET, $SO_BINDTODEVICE, "$interface\0") or return "bind: $!";
  return send($socket, 'for loopback', 0, pack_sockaddr_in(8099, $loopback)) ? 'sent' : "send: $!";
}

sub frame {
  socket(my $socket, $AF_PACKET, SOCK_DGRAM, 0) or return "socket: $!";
  my $udp = pack('nnnn', 8099, 8099, 8 + 12, 0) . 'for loopback';
  my $own = inet_aton('10.0.2.100');
  my $ip = pack('CCnnnCCna4a4', 0x45, 0, 20 + length $udp, 1, 0, 64, 17, 0, $own, $loopback);
  my $sum = 0;
  $sum += $_ for unpack 'n*', $ip;
  $sum = ($sum & 0xffff) + ($sum >> 16) while $sum >> 16;
  substr($ip, 10, 2) = pack 'n', ~$sum & 0xffff;
  open my $index, '<', "/sys/class/net/$interface/ifindex" or return "index: $!";
  open my $neighbours, '<', '/proc/net/arp' or return "neighbours: $!";
  my ($gateway) = map { /^10\.0\.2\.2 .*?((?:[0-9a-f]{2}:){5}[0-9a-f]{2})/ } <$neighbours>;
  my $to = pack('SnlSCCa8', $AF_PACKET, $ETH_P_IP, <$index>, 1, 0, 6, pack 'H*', $gateway =~ tr/://dr);
  return send($socket, $ip . $udp, 0, $to) ? 'sent' : "send: $!";
}

heard();
print { bound => \&bound, frame => \&frame }->{$way}->(), "\n";
socket(my $socket, PF_INET, SOCK_DGRAM, 0) or die "socket: $!";
my ($said, $tries) = ('', 0);
until ($said =~ /^for the machine by $way$/m) {
  die "the machine hears nothing\n" if $tries++ == 200;
  send($socket, "for the machine by $way", 0, pack_sockaddr_in(8099, $machine)) or die "send: $!";
  select undef, undef, undef, 0.05;
  $said = heard();
}
print "heard for loopback\n" if $said =~ /^for loopback$/m;
print "end\n";
