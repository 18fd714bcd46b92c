echo 1 > a; tar --mtime=@1 -cf a.tar a; gzip -nc a.tar > a.tgz; gzip -nc a.tar >> a.tgz
