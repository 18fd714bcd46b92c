mkdir -p d/e g/sub
echo f > f
echo x > d/e/x
chmod 2775 g g/sub
echo 2 > g/sub/f
mkdir -p i/j
echo 1 > i/j/k
tar --mtime=@5 --owner=0 --group=0 --sort=name -cf i.tar i/j/k
rm -r i
