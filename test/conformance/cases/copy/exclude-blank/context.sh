mkdir -p app/x; echo 1 > app/y
