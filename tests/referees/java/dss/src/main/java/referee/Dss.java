package referee;

import eu.europa.esig.dss.model.FileDocument;
import eu.europa.esig.dss.model.x509.CertificateToken;
import eu.europa.esig.dss.simplereport.SimpleReport;
import eu.europa.esig.dss.spi.validation.CommonCertificateVerifier;
import eu.europa.esig.dss.spi.x509.CommonTrustedCertificateSource;
import eu.europa.esig.dss.spi.x509.revocation.crl.ExternalResourcesCRLSource;
import eu.europa.esig.dss.validation.SignedDocumentValidator;
import java.io.BufferedReader;
import java.io.ByteArrayInputStream;
import java.io.File;
import java.io.InputStream;
import java.io.InputStreamReader;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.cert.CRL;
import java.security.cert.Certificate;
import java.security.cert.CertificateFactory;
import java.security.cert.X509CRL;
import java.security.cert.X509Certificate;
import java.util.ArrayList;
import java.util.List;
import java.util.StringJoiner;
import java.util.stream.Collectors;

/**
 * Judges the signatures of PDF files by the EU's library and its default policy, without network.
 *
 * <p>Arguments: {@code --trust PEM} and {@code --crl FILE}, any number of each. In: one path a
 * line. Out: one line for each, in order, fields parted by tabs: {@code judged} and for each
 * signature format|indication|subindication|errors; or {@code error} and what was thrown.
 */
public final class Dss {
  private Dss() {}

  public static void main(String[] args) throws Exception {
    CommonTrustedCertificateSource anchors = new CommonTrustedCertificateSource();
    List<InputStream> crls = new ArrayList<>();
    CertificateFactory x509 = CertificateFactory.getInstance("X.509");
    for (int i = 0; i + 1 < args.length; i += 2) {
      byte[] bytes = Files.readAllBytes(Path.of(args[i + 1]));
      if (args[i].equals("--trust")) {
        for (Certificate each : x509.generateCertificates(new ByteArrayInputStream(bytes))) {
          anchors.addCertificate(new CertificateToken((X509Certificate) each));
        }
      } else {
        for (CRL each : x509.generateCRLs(new ByteArrayInputStream(bytes))) {
          crls.add(new ByteArrayInputStream(((X509CRL) each).getEncoded()));
        }
      }
    }
    CommonCertificateVerifier verifier = new CommonCertificateVerifier();
    verifier.setTrustedCertSources(anchors);
    verifier.setAIASource(null);
    verifier.setOcspSource(null);
    verifier.setCrlSource(new ExternalResourcesCRLSource(crls.toArray(new InputStream[0])));
    BufferedReader in =
        new BufferedReader(new InputStreamReader(System.in, StandardCharsets.UTF_8));
    for (String path = in.readLine(); path != null; path = in.readLine()) {
      System.out.println(line(new File(path), verifier));
      System.out.flush();
    }
  }

  private static String line(File file, CommonCertificateVerifier verifier) {
    try {
      SignedDocumentValidator validator =
          SignedDocumentValidator.fromDocument(new FileDocument(file));
      validator.setCertificateVerifier(verifier);
      SimpleReport report = validator.validateDocument().getSimpleReport();
      StringJoiner out = new StringJoiner("\t");
      out.add("judged");
      for (String id : report.getSignatureIdList()) {
        String errors =
            report.getAdESValidationErrors(id).stream()
                .map(message -> plain(message.getValue()))
                .collect(Collectors.joining(" / "));
        out.add(
            report.getSignatureFormat(id)
                + "|"
                + report.getIndication(id)
                + "|"
                + (report.getSubIndication(id) == null ? "" : report.getSubIndication(id))
                + "|"
                + errors);
      }
      return out.toString();
    } catch (Exception | LinkageError | StackOverflowError e) {
      return "error\t" + plain(String.valueOf(e));
    }
  }

  private static String plain(String text) {
    return text.replaceAll("[\\s|]+", " ");
  }
}
