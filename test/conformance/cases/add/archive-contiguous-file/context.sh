python3 - <<'P'
import tarfile,io
t=tarfile.open('a.tar','w')
i=tarfile.TarInfo('x'); i.size=1; i.mtime=1000; i.type=tarfile.CONTTYPE
t.addfile(i,io.BytesIO(b'x'))
t.close()
P
