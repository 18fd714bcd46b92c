python3 -c "
f=open('sparse','wb'); f.write(b'a'*10); f.seek(5000000); f.write(b'z'); f.close()"
tar --sort=name --mtime=@1000 --format=pax -S -cf s.tar sparse
rm sparse
