/** An annotation that has what annotations have. */
export const ANNOTATION = `<?xml version="1.0"?><annotation><filename>n01440764_1</filename><!-- seen -->
<size><width>375</width><height>500</height><depth>3</depth></size>
<object><name>n01440764</name><bndbox><xmin>1</xmin><ymin>-1.5</ymin><xmax>317</xmax><ymax>352</ymax></bndbox></object>
<object><name><![CDATA[dog & cat]]></name></object></annotation>`;
