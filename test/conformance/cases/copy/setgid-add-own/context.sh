mkdir -p d/e
echo x > d/e/x
mkdir -p i/j
echo 1 > i/j/k
tar --mtime=@5 --owner=0 --group=0 --sort=name -cf i.tar i
rm -r i
