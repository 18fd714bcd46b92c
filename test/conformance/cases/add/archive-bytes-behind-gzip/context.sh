echo 1 > a; tar --mtime=@1 -cf a.tar a; gzip -nc a.tar > a.tgz; echo garbage >> a.tgz
