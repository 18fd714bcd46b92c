mkdir -p d; echo 1 > d/f; touch -d @100 d/f d; tar --format=pax --pax-option="globexthdr.name=/g,uid=9,mtime=77,comment=hi" -cf a.tar d; rm -r d
