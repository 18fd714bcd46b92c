echo 1 > a; tar --mtime=@1 -cf a.tar a; xz -c a.tar > a.txz; echo garbage >> a.txz
