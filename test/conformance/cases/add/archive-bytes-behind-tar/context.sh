echo 1 > a; tar --mtime=@1 -cf a.tar a;  echo garbage >> a.tar
