python3 - <<'P'
import tarfile,io
t=tarfile.open('a.tar','w')
i=tarfile.TarInfo('x/'); i.size=1; i.mtime=1000
b=i.tobuf(); 
h=bytearray(b); h[156:157]=b'0'; h[0:2]=b'x/'; h[148:156]=b' '*8
h[148:156]=b'%06o\0 '%sum(h)
open('a.tar','wb').write(bytes(h)+b'x'+b'\0'*511+b'\0'*1024)
P
