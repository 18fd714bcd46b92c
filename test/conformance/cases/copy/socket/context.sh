python3 -c "import socket; s=socket.socket(socket.AF_UNIX); s.bind('d/s')" || perl -MIO::Socket::UNIX -e 'IO::Socket::UNIX->new(Local=>"d/s",Listen=>1)'
