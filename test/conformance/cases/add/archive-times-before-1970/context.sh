mkdir -p d; echo 1 > d/f; touch -d @-5 d/f d; tar --format=pax -cf a.tar d; rm -r d
