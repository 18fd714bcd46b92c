# Answers on all addresses: "hello" to TCP on 8099; 30,000 bytes on 8101; on 8100 with the datagrams that UDP on 8099 has
# had, one on each line.
use strict; use warnings; use Socket;

my ($tcp, $asked, $udp, $long);
$SIG{PIPE} = 'IGNORE';
for ([\$tcp, SOCK_STREAM, 8099], [\$asked, SOCK_STREAM, 8100], [\$udp, SOCK_DGRAM, 8099],
  [\$long, SOCK_STREAM, 8101]) {
  my ($socket, $type, $port) = @$_;
  socket($$socket, PF_INET, $type, 0) or die "socket: $!";
  bind($$socket, pack_sockaddr_in($port, INADDR_ANY)) or die "bind: $!";
  listen($$socket, 9) if $type == SOCK_STREAM;
}
print '.';
close STDOUT;
my $heard = '';
while (1) {
  my $ready = '';
  vec($ready, fileno $_, 1) = 1 for $tcp, $asked, $udp, $long;
  select($ready, undef, undef, undef);
  if (vec($ready, fileno $udp, 1)) {
    recv($udp, my $text, 1000, 0);
    $heard .= "$text\n";
  }
  for ([$tcp, "hello\n"], [$asked, $heard], [$long, 'x' x 30000]) {
    my ($socket, $answer) = @$_;
    next if !vec($ready, fileno $socket, 1);
    accept(my $client, $socket);
    syswrite $client, $answer;
    close $client;
  }
}
